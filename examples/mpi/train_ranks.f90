! A training run shared by the ranks of a communicator of mpi_f08's:  mpirun -n 2 train_ranks DIRECTORY [EXAMPLES]
module mpi_ranks
  use, intrinsic :: iso_c_binding
  use lat
  implicit none

  ! lat/mpi.h. A communicator's mpi_val is the handle that all of Fortran's MPI modules know.
  interface
    integer(c_int32_t) function lat_mpi_attach_fortran(ranks, communicator, options) bind(C)
      import :: c_int32_t, c_ptr, lat_trainer_options
      type(c_ptr), intent(out) :: ranks
      integer(c_int32_t), value :: communicator
      type(lat_trainer_options), intent(inout) :: options
    end function lat_mpi_attach_fortran

    subroutine lat_mpi_free(ranks) bind(C)
      import :: c_ptr
      type(c_ptr), value :: ranks
    end subroutine lat_mpi_free
  end interface

contains

  subroutine try(status)
    integer(c_int32_t), intent(in) :: status
    if (status == LAT_OK) return
    print '(3a)', lat_status_name(status), ': ', lat_error_message()
    error stop 1
  end subroutine try

  ! Every rank makes the same objects.
  subroutine create_model(model)
    type(c_ptr), intent(out) :: model
    type(c_ptr) :: ctx, task, tokenizer
    type(lat_context_options) :: context
    type(lat_model_options) :: architecture
    call lat_init(context)
    context%threads = 1
    call lat_init(architecture)
    architecture%encoder_width = 64
    architecture%decoder_width = 64
    architecture%encoder_heads = 4
    architecture%decoder_heads = 4
    call try(lat_context_create(ctx, context))
    call try(lat_task_create(task, ctx, 'transpose', 2))
    call try(lat_tokenizer_create(tokenizer, ctx))
    call try(lat_model_create(model, task, tokenizer, architecture))
    call lat_tokenizer_free(tokenizer) ! the model keeps its own references
    call lat_task_free(task)
    call lat_context_free(ctx)
  end subroutine create_model
end module mpi_ranks

program train_ranks
  use mpi_f08
  use mpi_ranks
  implicit none
  character(len=1024) :: argument
  character(kind=c_char), allocatable, target :: directory(:)
  integer(c_int64_t) :: examples = 6400
  type(c_ptr) :: ranks, model, trainer
  type(lat_optimizer_options) :: rule
  type(lat_trainer_options) :: run
  type(lat_progress) :: progress
  call MPI_Init()
  argument = 'run'
  if (command_argument_count() > 0) call get_command_argument(1, argument)
  allocate (directory, source=lat_text(trim(argument)))
  if (command_argument_count() > 1) then
    call get_command_argument(2, argument)
    read (argument, *) examples
  end if

  call lat_init(rule)
  rule%learning_rate = 1e-3_c_double
  call lat_init(run)
  run%directory = c_loc(directory)
  run%max_examples = examples
  run%validate_every = 3200
  run%validate_count = 200
  if (lat_mpi_attach_fortran(ranks, MPI_COMM_WORLD%mpi_val, run) /= LAT_OK) error stop 'MPI'
  call create_model(model)
  call try(lat_trainer_create(trainer, model, rule, run))
  call try(lat_trainer_run(trainer))
  call lat_init(progress)
  call lat_trainer_progress(progress, trainer)
  if (run%rank == 0) print '(i0,a,i0,a,f0.1,a)', run%ranks, ' ranks, ', progress%examples, ' examples: ', &
    progress%exact, ' % exact'
  call lat_trainer_free(trainer)
  call lat_model_free(model)
  call lat_mpi_free(ranks)
  call MPI_Finalize()
end program train_ranks
