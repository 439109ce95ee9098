! Trains a small transformer to transpose 3x3 matrices, saves it, and transposes one with the file.
!
!   transpose [EXAMPLES [FILE]]     30000 examples, transpose.safetensors
module steps
  use, intrinsic :: iso_c_binding
  use, intrinsic :: iso_fortran_env, only: error_unit
  use lat
  implicit none

contains

  subroutine try(status)
    integer(c_int32_t), intent(in) :: status
    if (status == LAT_OK) return
    write (error_unit, '(3a)') lat_status_name(status), ': ', lat_error_message()
    stop 1
  end subroutine try

  subroutine create_model(model, ctx)
    type(c_ptr), intent(out) :: model
    type(c_ptr), intent(in) :: ctx
    type(c_ptr) :: task, tokenizer
    type(lat_model_options) :: architecture
    call lat_init(architecture)
    architecture%encoder_width = 64
    architecture%decoder_width = 64
    architecture%encoder_heads = 4
    architecture%decoder_heads = 4
    architecture%norm = LAT_NORM_PRE
    architecture%activation = LAT_GELU
    architecture%matrix_positions = 1
    architecture%init = LAT_INIT_FOURIER
    call try(lat_task_create(task, ctx, 'transpose', 3))
    call try(lat_tokenizer_create(tokenizer, ctx))
    call try(lat_model_create(model, task, tokenizer, architecture))
    call lat_tokenizer_free(tokenizer) ! the model keeps its own references
    call lat_task_free(task)
  end subroutine create_model

  integer(c_int32_t) function show(progress, user) bind(C)
    type(lat_progress), intent(in) :: progress
    type(c_ptr), value :: user
    write (*, '(i8,a,f7.4,a)') progress%examples, ' examples, loss', progress%loss, ' a token'
    show = merge(1_c_int32_t, 0_c_int32_t, c_associated(user)) ! 0: go on
  end function show

  subroutine train(model, examples)
    type(c_ptr), intent(in) :: model
    integer(c_int64_t), intent(in) :: examples
    character(kind=c_char), target :: adamw(6)
    type(c_ptr) :: trainer
    type(lat_optimizer_options) :: rule
    type(lat_trainer_options) :: run
    call lat_init(rule)
    adamw = lat_text('adamw')
    rule%rule = c_loc(adamw)
    rule%learning_rate = 2e-3_c_double
    rule%beta2 = 0.98_c_double
    rule%warmup = 100
    rule%clip_norm = 1
    call lat_init(run)
    run%batch_size = 32
    run%max_examples = examples
    run%until_exact = 99
    run%validate_every = 4000
    run%validate_count = 200
    run%progress = c_funloc(show)
    call try(lat_trainer_create(trainer, model, rule, run))
    call try(lat_trainer_run(trainer))
    call lat_trainer_free(trainer)
  end subroutine train

  subroutine solve(ctx, path)
    type(c_ptr), intent(in) :: ctx
    character(len=*), intent(in) :: path
    real(c_double) :: a(3, 3), x(3, 3)
    type(c_ptr) :: model, solver
    type(lat_report) :: report
    integer :: i
    a = reshape([(real(i, c_double), i=1, 9)], [3, 3])
    call try(lat_model_load(model, ctx, path))
    call try(lat_solver_create(solver, model))
    call try(lat_solver_solve(x, report, solver, a, order=LAT_COLUMN_MAJOR))
    write (*, '(3f8.3)') (x(i, :), i=1, 3)
    write (*, '(a,es9.2,a,es9.2)') 'residual', report%residual, ', off transpose(a) by at most', &
      maxval(abs(x - transpose(a)))
    call lat_solver_free(solver)
    call lat_model_free(model)
  end subroutine solve
end module steps

program learn_transposition
  use steps
  implicit none
  integer(c_int64_t) :: examples = 30000
  character(len=1024) :: argument
  type(c_ptr) :: ctx, model
  if (command_argument_count() > 0) then
    call get_command_argument(1, argument)
    read (argument, *) examples
  end if
  argument = 'transpose.safetensors'
  if (command_argument_count() > 1) call get_command_argument(2, argument)

  call try(lat_context_create(ctx))
  call create_model(model, ctx)
  call train(model, examples)
  call try(lat_model_save(model, argument))
  call lat_model_free(model)
  call solve(ctx, argument)
  call lat_context_free(ctx)
end program learn_transposition
