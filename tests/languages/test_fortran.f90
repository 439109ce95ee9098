! lat.f90: text, orders, defaults, errors, solving. Names the first expectation that fails.
module expectations
  use, intrinsic :: iso_c_binding
  use, intrinsic :: iso_fortran_env, only: error_unit
  use lat
  implicit none

contains

  subroutine expect(holds, what)
    logical, intent(in) :: holds
    character(len=*), intent(in) :: what
    if (holds) return
    write (error_unit, '(4a)') 'not so: ', what, '; last error: ', lat_error_message()
    stop 1
  end subroutine expect

  pure logical function same(a, b)
    real(c_double), intent(in) :: a(:, :), b(:, :)
    same = all(abs(a - b) <= 0)
  end function same

  subroutine test_text(ctx)
    type(c_ptr), intent(in) :: ctx
    type(c_ptr) :: task
    call expect(lat_error_message() == '', 'no message before the first error')
    call expect(all(lat_text('abc  ') == ['a', 'b', 'c', c_null_char]), 'text ends with a null')
    call expect(lat_task_create(task, ctx, 'nonsense', 3) == LAT_ERROR_NOT_FOUND, 'no such task')
    call expect(.not. c_associated(task), 'no task on failure')
    call expect(index(lat_error_message(), 'nonsense') > 0, 'the message has the name')
    call expect(lat_status_name(LAT_ERROR_NOT_FOUND) == 'NOT_FOUND', 'name of a status')
    call expect(index(lat_version_string(), '.') > 0, 'version')
  end subroutine test_text

  ! A 2 x 3 matrix in both orders: its transpose by LAPACK is known.
  subroutine test_orders(ctx)
    type(c_ptr), intent(in) :: ctx
    type(c_ptr) :: task
    type(lat_matrix) :: view
    real(c_double), target :: a(2, 3), x(3, 2), large(5, 7)
    a = reshape([real(c_double) :: 1, 2, 3, 4, 5, 6], [2, 3])
    x = 0
    call expect(lat_task_create(task, ctx, 'transpose', 2, 3) == LAT_OK, 'task')
    call expect(lat_task_answer(x, task, a) == LAT_OK, 'answer by columns')
    call expect(same(x, transpose(a)), 'columns are the default')
    view = lat_view(x, LAT_ROW_MAJOR)
    call expect(view%rows == 2 .and. view%cols == 3 .and. view%ld == 3, 'a row-major view')
    x = reshape([real(c_double) :: 1, 2, 3, 4, 5, 6], [3, 2]) ! rows 1 2 3 and 4 5 6 to C
    a = 0
    call expect(lat_task_answer(a, task, x, LAT_ROW_MAJOR) == LAT_OK, 'answer by rows')
    call expect(same(a, transpose(x)), 'and by rows')
    large = -1
    large(2:3, 2:6:2) = a
    call expect(lat_task_answer(x, task, large(2:3, 2:6:2)) == LAT_OK, 'a section')
    call expect(same(x, transpose(a)), 'sections are copied')
    call lat_task_free(task)
  end subroutine test_orders

  ! Extents that do not fit C's, of memory that is not there: refused before it is read.
  subroutine test_extents(ctx)
    type(c_ptr), intent(in) :: ctx
    type(c_ptr) :: task
    type(lat_matrix) :: view
    real(c_double), target :: x(2, 2)
    real(c_double), pointer, contiguous :: endless(:, :)
    x = 0
    call c_f_pointer(c_loc(x), endless, [4294967298_c_int64_t, 2_c_int64_t])
    view = lat_view(endless)
    call expect(view%rows == huge(view%rows) .and. view%ld == huge(view%ld), 'an extent of 2^32 + 2')
    call expect(lat_task_create(task, ctx, 'transpose', 2) == LAT_OK, 'task')
    call expect(lat_task_answer(x, task, endless) == LAT_ERROR_SHAPE, 'too many rows')
    call expect(lat_task_answer(endless, task, x, LAT_ROW_MAJOR) == LAT_ERROR_SHAPE, 'too many columns')
    call lat_task_free(task)
    call expect(lat_task_create(task, ctx, 'transpose', -5) == LAT_ERROR_ARGUMENT, 'negative rows')
    call expect(lat_task_create(task, c_null_ptr, 'transpose', 2) == LAT_ERROR_ARGUMENT, 'no context')
    call expect(.not. c_associated(task), 'no task')
  end subroutine test_extents

  subroutine small_model(model, ctx)
    type(c_ptr), intent(out) :: model
    type(c_ptr), intent(in) :: ctx
    type(c_ptr) :: task, tokenizer
    type(lat_task_options) :: problem
    type(lat_tokenizer_options) :: encoding
    type(lat_model_options) :: architecture
    character(kind=c_char), target :: transpose_name(10), p10(4)
    call lat_init(problem)
    call expect(problem%rows == 5, 'default of a task')
    transpose_name = lat_text('transpose')
    problem%name = c_loc(transpose_name)
    problem%rows = 2
    call expect(lat_task_create(task, ctx, problem) == LAT_OK, 'task from options')
    call lat_init(encoding)
    p10 = lat_text('p10')
    encoding%output_encoding = c_loc(p10)
    call expect(lat_tokenizer_create(tokenizer, ctx, encoding) == LAT_OK, 'tokenizer')
    call lat_init(architecture)
    call expect(architecture%encoder_width == 256, 'default of a model')
    architecture%encoder_width = 8
    architecture%decoder_width = 8
    architecture%encoder_heads = 3
    call expect(lat_model_create(model, task, tokenizer, architecture) == LAT_ERROR_ARGUMENT, '3 heads')
    architecture%encoder_heads = 2
    architecture%decoder_heads = 2
    call expect(lat_model_create(model, task, tokenizer, architecture) == LAT_OK, 'model')
    call expect(lat_model_parameter_count(model) > 0, 'parameters')
    call lat_tokenizer_free(tokenizer)
    call lat_task_free(task)
  end subroutine small_model

  integer(c_int32_t) function count_reports(progress, user) bind(C)
    type(lat_progress), intent(in) :: progress
    type(c_ptr), value :: user
    integer(c_int64_t), pointer :: seen
    call c_f_pointer(user, seen)
    seen = progress%examples
    count_reports = merge(1_c_int32_t, 0_c_int32_t, seen > 8)
  end function count_reports

  subroutine test_training(model)
    type(c_ptr), intent(in) :: model
    type(c_ptr) :: trainer
    type(lat_optimizer_options) :: rule
    type(lat_trainer_options) :: run
    type(lat_progress) :: progress
    integer(c_int64_t), target :: seen
    call lat_init(rule)
    call lat_init(run)
    run%batch_size = 4
    run%max_examples = 8
    run%validate_every = 0
    run%report_every = 1
    run%progress = c_funloc(count_reports)
    run%user = c_loc(seen)
    seen = 0
    call expect(lat_trainer_create(trainer, model, rule, run) == LAT_OK, 'trainer')
    call expect(lat_trainer_run(trainer) == LAT_OK, 'run')
    call lat_init(progress)
    call lat_trainer_progress(progress, trainer)
    call expect(progress%updates == 2 .and. seen == 8, 'two updates, reported')
    call lat_trainer_free(trainer)
    run%max_examples = 100
    call expect(lat_trainer_create(trainer, model, rule, run) == LAT_OK, 'trainer to stop')
    call expect(lat_trainer_run(trainer) == LAT_ERROR_CANCELLED, 'stopped by its callback')
    call lat_trainer_free(trainer)
  end subroutine test_training

  subroutine test_solving(ctx, model)
    type(c_ptr), intent(in) :: ctx
    type(c_ptr), intent(in) :: model
    type(c_ptr) :: loaded, solver
    type(lat_decode_options) :: options
    type(lat_report) :: report
    real(c_double) :: a(2, 2), x(2, 2), by_rows(2, 2)
    character(len=*), parameter :: path = 'test_fortran.safetensors'
    a = reshape([real(c_double) :: 1, 2, 3, 4], [2, 2])
    call expect(lat_model_save(model, path//'  ') == LAT_OK, 'save')
    call expect(lat_model_load(loaded, ctx, 'nowhere/'//path) == LAT_ERROR_IO, 'no such file')
    call expect(lat_model_load(loaded, ctx, path) == LAT_OK, 'load')
    call lat_init(options)
    options%tolerance = 0.25_c_double
    call expect(lat_solver_create(solver, loaded, options) == LAT_OK, 'solver')
    call lat_model_free(loaded) ! the solver keeps it
    call expect(lat_solver_solve(x, report, solver, a) == LAT_OK, 'solve')
    call expect(report%tokens > 0 .and. abs(report%tolerance - 0.25_c_double) < 1e-15_c_double, 'report')
    call expect(report%residual >= 0, 'residual')
    call expect(lat_solver_solve(by_rows, report, solver, transpose(a), LAT_ROW_MAJOR) == LAT_OK, 'rows')
    call expect(same(x, transpose(by_rows)), 'both orders are one matrix')
    call expect(lat_solver_solve(x, report, solver, a(:1, :)) == LAT_ERROR_SHAPE, 'shape')
    call expect(lat_solver_select(solver, 'svd') == LAT_ERROR_NOT_FOUND, 'no mixture')
    call lat_solver_free(solver)
  end subroutine test_solving

  integer(c_int32_t) function observe(observation, user) bind(C)
    type(lat_observation), intent(in) :: observation
    type(c_ptr), value :: user
    integer(c_int64_t), pointer :: seen
    type(lat_matrix), pointer :: input
    call c_f_pointer(user, seen)
    call c_f_pointer(observation%input, input)
    call expect(observation%index == seen .and. input%rows == 2, 'observation')
    seen = seen + 1
    observe = merge(1_c_int32_t, 0_c_int32_t, seen == 5)
  end function observe

  subroutine test_evaluating(model)
    type(c_ptr), intent(in) :: model
    type(lat_evaluate_options) :: options
    type(lat_accuracy), allocatable :: rows(:)
    type(lat_diagnosis) :: diagnosis
    integer(c_int64_t), target :: seen
    call lat_init(options)
    seen = 0
    options%count = 4
    options%diagnose = 1
    options%observe = c_funloc(observe)
    options%user = c_loc(seen)
    call expect(lat_evaluate(rows, model, options, diagnosis) == LAT_OK, 'evaluate')
    call expect(rows(1)%count == 4 .and. rows(1)%label(1) == 'a', 'row over all')
    call expect(seen == 4 .and. diagnosis%count <= 4, 'diagnosis')
    seen = 0
    options%count = 8
    call expect(lat_evaluate(rows, model, options) == LAT_ERROR_CANCELLED, 'observer cancels')
    options%count = 0
    call expect(lat_evaluate(rows, model, options) == LAT_ERROR_ARGUMENT, 'count')
  end subroutine test_evaluating

  subroutine test_operands(ctx)
    type(c_ptr), intent(in) :: ctx
    type(c_ptr) :: task
    type(lat_task_options) :: options
    type(lat_matrix) :: results(1)
    real(c_double), target :: a(2, 2), b(2, 1), x(2, 1)
    a = reshape([real(c_double) :: 2, 0, 0, 4], [2, 2])
    b = reshape([real(c_double) :: 1, 2], [2, 1])
    call expect(lat_task_create(task, ctx, 'linear-system', 2) == LAT_OK, 'linear systems')
    call expect(lat_task_operand_count(task) == 2, 'operands')
    call expect(lat_task_result_count(task) == 1, 'results')
    results(1) = lat_view(x)
    call expect(lat_task_result_shapes(results, task, [lat_view(a), lat_view(b)]) == LAT_OK, 'shapes')
    call expect(results(1)%rows == 2 .and. results(1)%cols == 1, 'shape of x')
    results(1) = lat_view(x)
    call expect(lat_task_answer_operands(results, task, [lat_view(a), lat_view(b)]) == LAT_OK, 'answer')
    call expect(all(abs(x - 0.5_c_double) < 1e-15_c_double), 'x')
    call expect(lat_task_answer_operands(results, task, [lat_view(a)]) == LAT_ERROR_ARGUMENT, 'one operand')
    call lat_init(options)
    call expect(lat_task_get_options(options, task) == LAT_OK .and. options%rows == 2, 'options')
    call lat_task_free(task)
  end subroutine test_operands

  ! Two tasks for one model; eigenvalues are vectors.
  subroutine test_mixture(ctx)
    type(c_ptr), intent(in) :: ctx
    type(c_ptr) :: tasks(2), mixture, tokenizer, model, solver
    type(lat_model_options) :: architecture
    type(lat_decode_options) :: options
    type(lat_report) :: report, reports(3)
    type(lat_matrix) :: results(1, 1), operands(1, 1)
    real(c_double), target :: a(2, 2), many(2, 2, 3), x(2), xs(2, 3), one(2, 1)
    integer :: i
    a = reshape([real(c_double) :: 2, 0, 0, 3], [2, 2])
    call expect(lat_task_create(tasks(1), ctx, 'transpose', 2) == LAT_OK, 'transpose')
    call expect(lat_task_create(tasks(2), ctx, 'eigenvalues', 2) == LAT_OK, 'eigenvalues')
    call expect(lat_task_answer(x, tasks(2), a) == LAT_OK, 'a vector')
    call expect(all(abs(x - [3, 2]) < 1e-15_c_double), 'eigenvalues by LAPACK')
    call expect(lat_task_answer(x, tasks(2), a, LAT_ROW_MAJOR) == LAT_OK, 'a vector by rows')
    call expect(lat_task_answer(x(:1), tasks(2), a) == LAT_ERROR_SHAPE, 'a vector of one')
    call expect(lat_task_create_mixture(mixture, ctx, tasks, [1.0_c_double]) == LAT_ERROR_ARGUMENT, 'one weight')
    call expect(lat_task_create_mixture(mixture, ctx, tasks(:0)) == LAT_ERROR_ARGUMENT, 'no task')
    call expect(lat_task_create_mixture(mixture, ctx, tasks, [1.0_c_double, 2.0_c_double]) == LAT_OK, 'mixture')
    call expect(lat_tokenizer_create(tokenizer, ctx) == LAT_OK, 'tokenizer')
    call lat_init(architecture)
    architecture%encoder_width = 8
    architecture%decoder_width = 8
    call expect(lat_model_create(model, mixture, tokenizer, architecture) == LAT_OK, 'model of a mixture')
    call lat_init(options)
    options%fallback = 1
    call expect(lat_solver_create(solver, model, options) == LAT_OK, 'solver')
    call expect(lat_solver_solve(x, report, solver, a) == LAT_ERROR_STATE, 'no task selected')
    call expect(lat_solver_select(solver, 'eigenvalues') == LAT_OK, 'select')
    do i = 1, 3
      many(:, :, i) = a * i
    end do
    call expect(lat_solver_solve_many(xs, reports, solver, many) == LAT_OK, 'vectors for matrices')
    do i = 1, 3
      call expect(reports(i)%source == LAT_SOURCE_LAPACK, 'LAPACK''s')
      call expect(all(abs(xs(:, i) - [3, 2] * i) < 1e-12_c_double), 'its eigenvalues')
      call expect(lat_solver_solve(x, report, solver, many(:, :, i)) == LAT_OK, 'one by one')
      call expect(all(abs(x - xs(:, i)) <= 0), 'likewise')
    end do
    call expect(lat_solver_solve_many(xs, reports(:2), solver, many) == LAT_ERROR_ARGUMENT, 'two reports')
    results(1, 1) = lat_view(one)
    operands(1, 1) = lat_view(a)
    call expect(lat_solver_solve_many(results, reports(:1), solver, operands) == LAT_OK, 'views')
    call expect(all(abs(one(:, 1) - xs(:, 1)) <= 0), 'views of the same')
    call lat_solver_free(solver)
    call lat_model_free(model)
    call lat_tokenizer_free(tokenizer)
    call lat_task_free(mixture)
    call lat_task_free(tasks(1))
    call lat_task_free(tasks(2))
  end subroutine test_mixture

  subroutine test_memory(ctx, model)
    type(c_ptr), intent(in) :: ctx, model
    character(kind=c_char), allocatable, target :: bytes(:), again(:)
    type(c_ptr) :: same
    call expect(lat_model_save_memory(bytes, model, 'no-such') == LAT_ERROR_ARGUMENT, 'no such storage')
    call expect(.not. allocated(bytes), 'no bytes')
    call expect(lat_model_save_memory(bytes, model) == LAT_OK, 'bytes of a model')
    call expect(lat_model_load_memory(same, ctx, c_loc(bytes), size(bytes, kind=c_size_t), c_null_ptr) == LAT_OK, 'load')
    call expect(lat_model_save_memory(again, same) == LAT_OK, 'once more')
    call expect(size(again) == size(bytes), 'as many')
    call expect(all(again == bytes), 'the same bytes')
    call lat_model_free(same)
    call expect(lat_model_load_memory(same, ctx, c_loc(bytes), 9_c_size_t, c_null_ptr) == LAT_ERROR_FORMAT, 'cut short')
  end subroutine test_memory

  subroutine test_named_models(ctx, model)
    type(c_ptr), intent(in) :: ctx, model
    type(c_ptr) :: loaded, larger, task
    call expect(lat_model_save(model, 'test-fortran-named.safetensors', 'bf16') == LAT_OK, 'save as bf16')
    call expect(lat_model_load_named(loaded, ctx, 'test-fortran-named', '/nowhere:.') == LAT_OK, 'by name')
    call expect(lat_task_create(task, ctx, 'transpose', 3) == LAT_OK, 'task of a larger size')
    call expect(lat_model_create_from(larger, loaded, task) == LAT_OK, 'larger size')
    call expect(lat_model_parameter_count(larger) > lat_model_parameter_count(loaded), 'more positions')
    call lat_model_free(larger)
    call lat_model_free(loaded)
    call lat_task_free(task)
    call expect(lat_model_load_named(loaded, ctx, 'no-such') == LAT_ERROR_NOT_FOUND, 'not installed')
    call expect(index(lat_error_message(), lat_model_folder()) > 0, 'the message has the folder')
  end subroutine test_named_models
end module expectations

program test_fortran
  use expectations
  implicit none
  type(lat_context_options) :: options
  type(c_ptr) :: ctx, model
  call lat_init(options)
  options%threads = 1
  call expect(lat_context_create(ctx, options) == LAT_OK, 'context')
  call test_text(ctx)
  call test_orders(ctx)
  call test_extents(ctx)
  call small_model(model, ctx)
  call test_training(model)
  call test_solving(ctx, model)
  call test_evaluating(model)
  call test_operands(ctx)
  call test_mixture(ctx)
  call test_memory(ctx, model)
  call test_named_models(ctx, model)
  call lat_model_free(model)
  call lat_context_free(ctx)
end program test_fortran
