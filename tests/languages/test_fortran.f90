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

  subroutine small_tokenizer(tokenizer, ctx)
    type(c_ptr), intent(out) :: tokenizer
    type(c_ptr), intent(in) :: ctx
    type(lat_tokenizer_options) :: encoding
    character(kind=c_char), target :: p10(4)
    call lat_init(encoding)
    p10 = lat_text('p10')
    encoding%output_encoding = c_loc(p10)
    call expect(lat_tokenizer_create(tokenizer, ctx, encoding) == LAT_OK, 'tokenizer')
  end subroutine small_tokenizer

  subroutine small_model(model, ctx)
    type(c_ptr), intent(out) :: model
    type(c_ptr), intent(in) :: ctx
    type(c_ptr) :: task, tokenizer
    type(lat_task_options) :: problem
    type(lat_model_options) :: architecture
    character(kind=c_char), target :: transpose_name(10)
    call lat_init(problem)
    call expect(problem%rows == 5, 'default of a task')
    transpose_name = lat_text('transpose')
    problem%name = c_loc(transpose_name)
    problem%rows = 2
    call expect(lat_task_create(task, ctx, problem) == LAT_OK, 'task from options')
    call small_tokenizer(tokenizer, ctx)
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

  ! A custom task: the square of a matrix whose coefficients are drawn from -range..range, range being the
  ! user's; matrices that are nearly zero are drawn again.
  integer(c_int32_t) function square_shape(rows, cols, random, user) bind(C)
    integer(c_int32_t), intent(inout) :: rows(*), cols(*)
    type(c_ptr), value :: random, user
    rows(1) = lat_random_integer(random, 1, 2)
    cols(1) = rows(1)
    square_shape = merge(0_c_int32_t, 1_c_int32_t, c_associated(user))
  end function square_shape

  integer(c_int32_t) function square_result(rows, cols, input_rows, input_cols, user) bind(C)
    integer(c_int32_t), intent(inout) :: rows(*), cols(*)
    integer(c_int32_t), intent(in) :: input_rows(*), input_cols(*)
    type(c_ptr), value :: user
    rows(1) = input_rows(1)
    cols(1) = input_cols(1)
    square_result = merge(0, LAT_TASK_REJECT, rows(1) == cols(1) .and. c_associated(user))
  end function square_result

  integer(c_int32_t) function draw_square(input, random, user) bind(C)
    type(lat_matrix), intent(in) :: input(*)
    type(c_ptr), value :: random, user
    real(c_double), pointer :: a(:, :), range
    integer :: i, j
    call c_f_pointer(user, range)
    a => lat_array(input(1))
    do j = 1, size(a, 2)
      do i = 1, size(a, 1)
        a(i, j) = range * (2 * lat_random_uniform(random) - 1)
      end do
    end do
    draw_square = merge(LAT_TASK_REJECT, 0, maxval(abs(a)) < range / 10)
  end function draw_square

  integer(c_int32_t) function square(output, input, user) bind(C)
    type(lat_matrix), intent(in) :: output(*), input(*)
    type(c_ptr), value :: user
    real(c_double), pointer :: a(:, :), x(:, :)
    a => lat_array(input(1))
    x => lat_array(output(1))
    x = matmul(a, a) ! of transposes: both are row-major
    square = merge(0_c_int32_t, 1_c_int32_t, c_associated(user))
  end function square

  integer(c_int32_t) function square_residual(residual, input, target, prediction, user) bind(C)
    real(c_double), intent(out) :: residual
    type(lat_matrix), intent(in) :: input(*), target(*), prediction(*)
    type(c_ptr), value :: user
    real(c_double), pointer :: a(:, :), p(:, :)
    a => lat_array(input(1))
    p => lat_array(prediction(1))
    residual = maxval(abs(matmul(a, a) - p)) / maxval(abs(matmul(a, a)))
    square_residual = merge(0_c_int32_t, 1_c_int32_t, target(1)%rows == input(1)%rows .and. c_associated(user))
  end function square_residual

  subroutine test_custom_task(ctx)
    type(c_ptr), intent(in) :: ctx
    type(c_ptr) :: task, tokenizer, sampler, batch, model, solver
    type(lat_task_functions) :: functions
    type(lat_model_options) :: architecture
    type(lat_decode_options) :: options
    type(lat_report) :: report
    type(lat_score) :: score
    type(lat_matrix) :: input, target_matrix
    character(kind=c_char), target :: name(7)
    real(c_double), target :: range, a(2, 2), x(2, 2)
    real(c_double), pointer :: drawn(:, :), squared(:, :)
    integer(c_int64_t) :: i
    range = 3
    name = lat_text('square')
    call lat_init(functions)
    functions%name = c_loc(name)
    functions%letter = iachar('Q', c_int32_t)
    functions%input_shape = c_funloc(square_shape)
    functions%output_shape = c_funloc(square_result)
    functions%draw = c_funloc(draw_square)
    functions%residual = c_funloc(square_residual)
    functions%operand_max_rows(1) = 2
    functions%operand_max_cols(1) = 2
    functions%result_max_rows(1) = 2
    functions%result_max_cols(1) = 2
    call expect(lat_task_create_custom(task, ctx, functions, c_loc(range)) == LAT_ERROR_ARGUMENT, 'no answer')
    functions%answer = c_funloc(square)
    call expect(lat_task_create_custom(task, ctx, functions, c_loc(range)) == LAT_OK, 'custom task')
    a = reshape([real(c_double) :: 1, 2, 3, 4], [2, 2])
    call expect(lat_task_answer(x, task, a) == LAT_OK, 'its answer')
    call expect(same(x, matmul(a, a)), 'the square')
    call expect(lat_task_score_operands(score, task, [lat_view(a)], [lat_view(x)]) == LAT_OK, 'score')
    call expect(score%residual <= 0 .and. score%exact == 1, 'right')
    x(1, 1) = 2 * x(1, 1)
    call expect(lat_task_score_operands(score, task, [lat_view(a)], [lat_view(x)], &
      targets=[lat_view(a)]) == LAT_OK, 'score against a target')
    call expect(abs(score%residual - 7 / 22.0_c_double) < 1e-15_c_double .and. score%exact == 0, 'wrong')
    call expect(lat_tokenizer_create(tokenizer, ctx) == LAT_OK, 'tokenizer')
    call expect(lat_sampler_create(sampler, task, tokenizer) == LAT_OK, 'sampler')
    call expect(lat_batch_create(batch, tokenizer) == LAT_OK, 'batch')
    call expect(lat_sampler_next(batch, sampler, 16_c_int64_t) == LAT_OK, 'draw')
    call expect(lat_batch_size(batch) == 16, 'examples')
    call expect(lat_sampler_position(sampler) == 16, 'position')
    do i = 0, 15
      call expect(lat_batch_operand(input, batch, LAT_INPUT, i, 0) == LAT_OK, 'operand')
      call expect(lat_batch_operand(target_matrix, batch, LAT_OUTPUT, i, 0) == LAT_OK, 'result')
      drawn => lat_array(input)
      squared => lat_array(target_matrix)
      call expect(maxval(abs(drawn)) <= range .and. maxval(abs(drawn)) >= range / 10, 'range')
      call expect(same(squared, matmul(drawn, drawn)), 'answers of the stream')
    end do
    call lat_init(architecture)
    architecture%encoder_width = 8
    architecture%decoder_width = 8
    call expect(lat_model_create(model, task, tokenizer, architecture) == LAT_OK, 'model')
    call lat_init(options)
    options%fallback = 1
    call expect(lat_solver_create(solver, model, options) == LAT_OK, 'solver')
    call expect(lat_solver_solve(x, report, solver, a) == LAT_OK, 'solve')
    call expect(report%source == LAT_SOURCE_LAPACK .and. same(x, matmul(a, a)), 'by the task''s answer')
    call expect(lat_model_save(model, 'test-fortran-custom.safetensors') == LAT_OK, 'save')
    call lat_solver_free(solver)
    call lat_model_free(model)
    call expect(lat_model_load(model, ctx, 'test-fortran-custom.safetensors') == LAT_ERROR_NOT_FOUND, 'task is needed')
    call expect(lat_model_load(model, ctx, 'test-fortran-custom.safetensors', task) == LAT_OK, 'load')
    call lat_model_free(model)
    call lat_batch_free(batch)
    call lat_sampler_free(sampler)
    call lat_tokenizer_free(tokenizer)
    call lat_task_free(task)
  end subroutine test_custom_task

  subroutine test_tokens(ctx)
    type(c_ptr), intent(in) :: ctx
    type(c_ptr) :: tokenizer, task, batch
    type(lat_sequences) :: sequences
    integer(c_int32_t), allocatable :: tokens(:)
    integer(c_int32_t), pointer :: sequence(:)
    real(c_double), allocatable :: again(:, :)
    real(c_double), target :: a(2, 3), x(3, 2), bad(1, 1)
    a = reshape([real(c_double) :: 1, -2, 3, 4.5, 0, 6], [2, 3])
    x = transpose(a)
    call expect(lat_tokenizer_create(tokenizer, ctx) == LAT_OK, 'tokenizer')
    call expect(lat_tokenizer_encode(tokens, tokenizer, LAT_INPUT, lat_view(a), 'T') == LAT_OK, 'encode')
    call expect(lat_tokenizer_symbol(tokenizer, LAT_INPUT, tokens(1)) == 'T', 'letter')
    call expect(lat_tokenizer_symbol(tokenizer, LAT_INPUT, tokens(2)) == 'V2', 'rows')
    call expect(lat_tokenizer_symbol(tokenizer, LAT_INPUT, -1) == '', 'no symbol')
    call expect(lat_tokenizer_decode(again, tokenizer, LAT_INPUT, tokens) == LAT_OK, 'decode')
    call expect(same(again, a), 'the same matrix')
    call expect(lat_tokenizer_decode(again, tokenizer, LAT_INPUT, tokens(:4)) == LAT_ERROR_FORMAT, 'cut short')
    bad = -1
    bad = sqrt(bad)
    call expect(lat_tokenizer_encode(tokens, tokenizer, LAT_INPUT, lat_view(bad)) == LAT_ERROR_NUMERIC, 'no number')
    call expect(.not. allocated(tokens), 'no tokens')
    call expect(lat_task_create(task, ctx, 'transpose', 2, 3) == LAT_OK, 'task')
    call expect(lat_batch_create(batch, tokenizer) == LAT_OK, 'batch')
    call expect(lat_batch_append_operands(batch, task, [lat_view(a)], [lat_view(x)], 'T') == LAT_OK, 'append')
    call expect(lat_batch_append_operands(batch, task, [lat_view(a)]) == LAT_OK, 'append without an answer')
    call expect(lat_batch_append_operands(batch, task, [lat_view(a)], [lat_view(a)]) == LAT_ERROR_SHAPE, 'shape')
    call expect(lat_batch_size(batch) == 2, 'two examples')
    call expect(lat_batch_operand_count(batch, LAT_OUTPUT, 1_c_int64_t) == 0, 'no answer')
    call expect(lat_batch_sequences(sequences, batch, LAT_INPUT) == LAT_OK, 'tokens of a batch')
    call expect(lat_tokenizer_encode(tokens, tokenizer, LAT_INPUT, lat_view(a)) == LAT_OK, 'encode')
    sequence => lat_sequence(sequences, 1_c_int64_t)
    call expect(size(sequence) == size(tokens), 'as many')
    call expect(all(sequence == tokens), 'likewise')
    call lat_batch_free(batch)
    call lat_task_free(task)
    call lat_tokenizer_free(tokenizer)
  end subroutine test_tokens

  ! A loop of one's own, stopped and gone on with from a file, ends with the parameters of the trainer.
  subroutine test_loop(ctx)
    type(c_ptr), intent(in) :: ctx
    type(c_ptr) :: model, trained, trainer, optimizer, sampler, batch, tokenizer, gradients, session
    type(lat_optimizer_options) :: rule
    type(lat_trainer_options) :: run
    type(lat_loss_sum) :: sum, other
    type(lat_sequences) :: answers
    real(c_float), pointer, contiguous :: mine(:), theirs(:)
    integer :: part
    integer(c_int64_t) :: update
    call lat_init(rule)
    rule%learning_rate = 1e-3_c_double
    call lat_init(run)
    run%batch_size = 4
    run%max_examples = 24
    run%validate_every = 0
    call small_model(trained, ctx)
    call expect(lat_trainer_create(trainer, trained, rule, run) == LAT_OK, 'trainer')
    call expect(lat_trainer_run(trainer) == LAT_OK, 'run')
    call lat_trainer_free(trainer)
    do part = 0, 1
      call small_model(model, ctx)
      call expect(lat_optimizer_create(optimizer, model, rule) == LAT_OK, 'optimizer')
      if (part == 1) call expect(lat_optimizer_load(optimizer, model, 'test-fortran-loop.safetensors') == LAT_OK, 'go on')
      call expect(lat_optimizer_updates(optimizer) == 3 * part, 'updates')
      call expect(lat_gradients_create(gradients, model) == LAT_OK, 'gradients')
      call small_tokenizer(tokenizer, ctx)
      call expect(lat_sampler_create(sampler, lat_model_task(model), tokenizer) == LAT_OK, 'sampler')
      call expect(lat_batch_create(batch, tokenizer) == LAT_OK, 'batch')
      call lat_sampler_seek(sampler, 4 * lat_optimizer_updates(optimizer))
      do update = 1, 3
        call lat_init(sum)
        call expect(lat_sampler_next(batch, sampler, 4_c_int64_t) == LAT_OK, 'examples')
        call expect(lat_gradients_accumulate(gradients, sum, model, batch) == LAT_OK, 'accumulate')
        call expect(sum%examples == 4 .and. sum%loss > 0, 'loss')
        call expect(lat_gradients_map(mine, gradients) == LAT_OK, 'map gradients')
        call expect(size(mine) == lat_model_parameter_count(model) .and. any(abs(mine) > 0), 'gradient')
        call expect(lat_gradients_accumulate(gradients, sum, model, batch) == LAT_ERROR_STATE, 'mapped')
        call expect(lat_gradients_commit(gradients) == LAT_OK, 'commit gradients')
        if (update == 1) then
          call lat_init(other)
          call expect(lat_model_loss(other, model, batch) == LAT_OK, 'loss alone')
          call expect(abs(other%loss - sum%loss) < 1e-4_c_double * sum%loss, 'the same')
          call expect(lat_loss_sum_add(other, sum) == LAT_OK .and. other%examples == 8, 'sum of sums')
        end if
        call expect(lat_optimizer_step(optimizer, model, gradients, sum) == LAT_OK, 'step')
        call expect(lat_optimizer_gradient_norm(optimizer) > 0 .and. sum%tokens == 0, 'after a step')
      end do
      call expect(lat_optimizer_save(optimizer, model, 'test-fortran-loop.safetensors') == LAT_OK, 'checkpoint')
      if (part == 1) then
        mine => lat_model_parameters(model)
        theirs => lat_model_parameters(trained)
        call expect(all(abs(mine - theirs) <= 0), 'bits of the trainer')
        call expect(lat_session_create(session, model) == LAT_OK, 'session')
        call expect(lat_session_decode(answers, session, batch) == LAT_OK, 'decode')
        call expect(answers%count == 4, 'answers')
        call expect(size(lat_sequence(answers, 0_c_int64_t)) > 0, 'tokens of an answer')
        call lat_session_free(session)
        call expect(lat_model_map(mine, model) == LAT_OK, 'map')
        mine = 0
        call expect(lat_model_loss(other, model, batch) == LAT_ERROR_STATE, 'mapped')
        call expect(lat_model_commit(model) == LAT_OK, 'commit')
        mine => lat_model_parameters(model)
        call expect(all(abs(mine) <= 0), 'written')
      end if
      call lat_sampler_free(sampler)
      call lat_batch_free(batch)
      call lat_tokenizer_free(tokenizer)
      call lat_gradients_free(gradients)
      call lat_optimizer_free(optimizer)
      call lat_model_free(model)
    end do
    call lat_model_free(trained)
  end subroutine test_loop

  ! Canonical forms: those of equivalent matrices are one, and the answer comes back.
  subroutine test_canonical(ctx)
    type(c_ptr), intent(in) :: ctx
    type(c_ptr) :: task
    type(lat_task_options) :: options
    type(lat_matrix) :: forms(1), other_forms(1), results(1)
    character(kind=c_char), target :: name(8)
    real(c_double), target :: a(2, 2), b(2, 2), form(2, 2), other(2, 2), answer(2, 2), x(2, 2)
    integer(c_int64_t), allocatable :: transform(:)
    name = lat_text('inverse')
    call lat_init(options)
    options%name = c_loc(name)
    options%rows = 2
    options%canonical = 1
    call expect(lat_task_create(task, ctx, options) == LAT_OK, 'canonical task')
    allocate (transform((lat_task_transform_size(task) + 7) / 8))
    a = reshape([real(c_double) :: 1, 2, 3, -4], [2, 2])
    b = -a(2:1:-1, :)
    forms(1) = lat_view(form)
    other_forms(1) = lat_view(other)
    call expect(lat_task_canonicalize(other_forms, transform, task, [lat_view(b)]) == LAT_OK, 'form')
    call expect(lat_task_canonicalize(forms, transform, task, [lat_view(a)]) == LAT_OK, 'another')
    call expect(same(form, other), 'one form')
    call expect(lat_task_canonicalize(forms, transform(:0), task, [lat_view(a)]) == LAT_ERROR_ARGUMENT, 'room')
    results(1) = lat_view(answer, LAT_ROW_MAJOR)
    call expect(lat_task_answer_operands(results, task, forms) == LAT_OK, 'answer to the form')
    other_forms = results
    results(1) = lat_view(x)
    call expect(lat_task_restore(results, task, transform, other_forms) == LAT_OK, 'restore')
    call expect(all(abs(matmul(a, x) - reshape([1, 0, 0, 1], [2, 2])) < 1e-14_c_double), 'the inverse')
    call lat_task_free(task)
  end subroutine test_canonical

  ! Whether two vectors are equal to rounding.
  pure logical function close(a, b)
    real(c_double), intent(in) :: a(:), b(:)
    close = size(a) == size(b)
    if (close) close = all(abs(a - b) <= 1e-12_c_double * (1 + abs(b)))
  end function close

  subroutine test_operator_leaves(ctx)
    type(c_ptr), intent(in) :: ctx
    type(c_ptr) :: dense, other
    real(c_double) :: a(2, 2), y(2), columns(2, 3), three(3), imaginary(2), logarithm
    integer(c_int32_t) :: sign
    a = reshape([real(c_double) :: 2, 0, 1, 4], [2, 2]) ! rows 2 1 and 0 4
    call expect(lat_operator_create_dense(dense, ctx, a) == LAT_OK, 'dense')
    call expect(lat_operator_size(dense) == 2, 'its size')
    call expect(lat_operator_apply(y, dense, [1.0_c_double, 2.0_c_double]) == LAT_OK, 'product')
    call expect(close(y, [4.0_c_double, 8.0_c_double]), 'rows by a column')
    call expect(lat_operator_solve(y, dense, [4.0_c_double, 8.0_c_double]) == LAT_OK, 'solution')
    call expect(close(y, [1.0_c_double, 2.0_c_double]), 'x of A x = b')
    call expect(lat_operator_apply(columns, dense, reshape([real(c_double) :: 1, 2, 0, 1, 2, 0], [2, 3])) == LAT_OK, &
      'columns')
    call expect(close(reshape(columns, [6]), [real(c_double) :: 4, 8, 1, 4, 4, 0]), 'products of columns')
    call expect(lat_operator_apply(three, dense, [1.0_c_double, 2.0_c_double]) == LAT_ERROR_ARGUMENT, 'three results')
    call expect(lat_operator_solve(columns, dense, columns(:, :2)) == LAT_ERROR_ARGUMENT, 'two of three columns')
    call expect(lat_operator_eigenvalues(y, dense) == LAT_OK, 'eigenvalues')
    call expect(close(y, [2.0_c_double, 4.0_c_double]), 'ascending')
    call expect(lat_operator_eigenvalues(three, dense) == LAT_ERROR_ARGUMENT, 'room for three')
    call expect(lat_operator_log_determinant(logarithm, sign, dense) == LAT_OK, 'determinant')
    call expect(sign == 1 .and. abs(logarithm - log(8.0_c_double)) < 1e-14_c_double, 'log 8')
    call lat_operator_free(dense)
    call expect(lat_operator_create_dense(dense, ctx, a, LAT_ROW_MAJOR) == LAT_OK, 'by rows')
    call expect(lat_operator_apply(y, dense, [1.0_c_double, 0.0_c_double]) == LAT_OK, 'product by rows')
    call expect(close(y, [2.0_c_double, 1.0_c_double]), 'of the transpose')
    call lat_operator_free(dense)
    call expect(lat_operator_create_dense(dense, ctx, columns) == LAT_ERROR_SHAPE, 'not square')
    call expect(lat_operator_create_diagonal(other, ctx, [real(c_double) :: 3, 5]) == LAT_OK, 'diagonal')
    call expect(lat_operator_apply(y, other, [1.0_c_double, 1.0_c_double]) == LAT_OK, 'its product')
    call expect(close(y, [3.0_c_double, 5.0_c_double]), 'its values')
    call lat_operator_free(other)
    call expect(lat_operator_create_tridiagonal(other, ctx, 2.0_c_double, 1.0_c_double, 3_c_int64_t) == LAT_OK, &
      'tridiagonal')
    call expect(lat_operator_apply(three, other, [real(c_double) :: 1, 1, 1]) == LAT_OK, 'its product')
    call expect(close(three, [real(c_double) :: 3, 4, 3]), 'its sums of rows')
    call lat_operator_free(other)
    a = reshape([real(c_double) :: 0, -1, 1, 0], [2, 2]) ! a rotation
    call expect(lat_operator_create_dense(other, ctx, a) == LAT_OK, 'rotation')
    call expect(lat_operator_eigenvalues(y, other) == LAT_ERROR_NUMERIC, 'not real')
    call expect(lat_operator_eigenvalues(y, imaginary, other) == LAT_OK, 'complex')
    call expect(close([y, imaginary], [real(c_double) :: 0, 0, -1, 1]), 'by imaginary part')
    call lat_operator_free(other)
    call expect(lat_operator_apply(y, c_null_ptr, y) == LAT_ERROR_ARGUMENT, 'no operator')
  end subroutine test_operator_leaves

  subroutine test_operator_composites(ctx)
    type(c_ptr), intent(in) :: ctx
    type(c_ptr) :: parts(2), whole
    real(c_double) :: four(4), two(2), u(2, 1)
    call expect(lat_operator_create_diagonal(parts(1), ctx, [real(c_double) :: 2, 3]) == LAT_OK, 'A')
    call expect(lat_operator_create_circulant(parts(2), ctx, [real(c_double) :: 5, 1]) == LAT_OK, 'B')
    call expect(lat_operator_create_kronecker(whole, parts) == LAT_OK, 'Kronecker product')
    call expect(lat_operator_apply(four, whole, [real(c_double) :: 1, 0, 0, 1]) == LAT_OK, 'its product')
    call expect(close(four, [real(c_double) :: 10, 2, 3, 15]), 'blocks a_ij B')
    call lat_operator_free(whole)
    call expect(lat_operator_create_kronecker_sum(whole, parts) == LAT_OK, 'Kronecker sum')
    call expect(lat_operator_eigenvalues(four, whole) == LAT_OK, 'its eigenvalues')
    call expect(close(four, [real(c_double) :: 6, 7, 8, 9]), 'sums of 2, 3 and of 4, 6')
    call lat_operator_free(whole)
    call expect(lat_operator_create_block_diagonal(whole, parts) == LAT_OK, 'blocks')
    call expect(lat_operator_solve(four, whole, [real(c_double) :: 2, 3, 6, 6]) == LAT_OK, 'solved')
    call expect(close(four, [real(c_double) :: 1, 1, 1, 1]), 'block by block')
    call lat_operator_free(whole)
    u = reshape([real(c_double) :: 1, 0], [2, 1])
    call expect(lat_operator_create_low_rank(whole, parts(1), u, u) == LAT_OK, 'low rank')
    call lat_operator_free(parts(1))
    call expect(lat_operator_apply(two, whole, [1.0_c_double, 1.0_c_double]) == LAT_OK, 'its product')
    call expect(close(two, [3.0_c_double, 3.0_c_double]), 'of base and update')
    call lat_operator_free(whole)
    call lat_operator_free(parts(2))
    call expect(lat_operator_create_kronecker(whole, parts(:0)) == LAT_ERROR_ARGUMENT, 'no parts')
  end subroutine test_operator_composites

  ! The double of a vector.
  integer(c_int32_t) function double_vector(y, x, size, user) bind(C) result(status)
    integer(c_int64_t), value :: size
    real(c_double), intent(out) :: y(size)
    real(c_double), intent(in) :: x(size)
    type(c_ptr), value :: user
    integer(c_int32_t), pointer :: calls
    call c_f_pointer(user, calls)
    calls = calls + 1
    y = 2 * x
    status = 0
  end function double_vector

  subroutine test_operator_functions(ctx)
    type(c_ptr), intent(in) :: ctx
    type(c_ptr) :: double, precondition
    integer(c_int32_t), target :: calls
    integer(c_int32_t) :: steps
    real(c_double) :: x(3), residual
    calls = 0
    call expect(lat_operator_create_function(double, ctx, c_funloc(double_vector), c_loc(calls), 3_c_int64_t) &
      == LAT_OK, 'a function')
    call expect(lat_operator_apply(x, double, [real(c_double) :: 1, 2, 3]) == LAT_OK, 'its product')
    call expect(close(x, [real(c_double) :: 2, 4, 6]) .and. calls == 1, 'one call')
    call expect(lat_operator_create_diagonal(precondition, ctx, [real(c_double) :: 1, 1, 1]) == LAT_OK, 'identity')
    x = 0
    call expect(lat_operator_conjugate_gradients(x, steps, residual, double, precondition, [real(c_double) :: 2, 2, 2], &
      1e-10_c_double, 5_c_int32_t) == LAT_OK, 'conjugate gradients')
    call expect(close(x, [real(c_double) :: 1, 1, 1]) .and. steps == 1 .and. residual <= 1e-10_c_double, 'one step')
    call expect(lat_operator_conjugate_gradients(x, steps, residual, double, c_null_ptr, [2.0_c_double], &
      1e-10_c_double, 5_c_int32_t) == LAT_ERROR_ARGUMENT, 'a shorter right-hand side')
    call lat_operator_free(precondition)
    call lat_operator_free(double)
  end subroutine test_operator_functions

  ! A model that knows nothing, of the inverse: LAPACK answers for it.
  subroutine test_learned_operator(ctx)
    type(c_ptr), intent(in) :: ctx
    type(c_ptr) :: task, tokenizer, model, solver, operator
    type(lat_model_options) :: architecture
    type(lat_decode_options) :: options
    type(lat_report) :: report
    real(c_double) :: x(2)
    call expect(lat_task_create(task, ctx, 'inverse', 2) == LAT_OK, 'task')
    call expect(lat_tokenizer_create(tokenizer, ctx) == LAT_OK, 'tokenizer')
    call lat_init(architecture)
    architecture%encoder_width = 8
    architecture%decoder_width = 8
    call expect(lat_model_create(model, task, tokenizer, architecture) == LAT_OK, 'model')
    call lat_init(options)
    options%fallback = 1
    call expect(lat_solver_create(solver, model, options) == LAT_OK, 'solver')
    call expect(lat_operator_create_learned(operator, report, solver, &
      reshape([real(c_double) :: 2, 0, 0, 4], [2, 2])) == LAT_OK, 'learned')
    call expect(report%source == LAT_SOURCE_LAPACK, 'LAPACK''s')
    call expect(lat_operator_solve(x, operator, [2.0_c_double, 4.0_c_double]) == LAT_OK, 'solve')
    call expect(close(x, [1.0_c_double, 1.0_c_double]), 'its inverse')
    call lat_operator_free(operator)
    call lat_solver_free(solver)
    call lat_model_free(model)
    call lat_tokenizer_free(tokenizer)
    call lat_task_free(task)
  end subroutine test_learned_operator

  ! Examples of y = 2 x and a query: a step of descent, its gradient by differences.
  subroutine test_linear_descent(ctx)
    type(c_ptr), intent(in) :: ctx
    type(c_ptr) :: stack
    type(lat_matrix) :: view
    real(c_double), pointer :: parameters(:), p(:, :)
    real(c_double) :: z(2, 3), out(2, 3), d_out(2, 3), d_z(2, 3), d_parameters(12), wide(3, 2), before
    z = reshape([real(c_double) :: 1, 2, 2, 4, 1, 0], [2, 3])
    wide = 1
    call expect(lat_linear_create(stack, ctx, 1_c_int32_t, 1_c_int32_t, 2_c_int32_t) == LAT_OK, 'stack')
    parameters => lat_linear_parameters(stack)
    call expect(size(parameters) == 12, 'parameters')
    out = z
    call expect(lat_linear_apply(out, stack, 2_c_int64_t) == LAT_OK, 'apply')
    call expect(same(out, z), 'zeros change nothing')
    call expect(lat_linear_set_descent(stack, reshape([0.0_c_double], [1, 1]), 0.4_c_double, 2_c_int64_t) == LAT_OK, &
      'descent')
    call expect(lat_linear_apply(out, stack, 2_c_int64_t) == LAT_OK, 'a step')
    before = out(2, 3)
    call expect(abs(before + 0.4_c_double * (1 * 2 + 2 * 4) / 2) < 1e-14_c_double, 'of descent')
    d_out = 0
    d_out(2, 3) = 1
    d_parameters = 0
    call expect(lat_linear_gradient(d_parameters, d_z, stack, z, d_out, 2_c_int64_t) == LAT_OK, 'gradient')
    parameters(8) = parameters(8) + 1e-6_c_double
    out = z
    call expect(lat_linear_apply(out, stack, 2_c_int64_t) == LAT_OK, 'a parameter changed')
    call expect(abs((out(2, 3) - before) / 1e-6_c_double - d_parameters(8)) < 1e-4_c_double, 'difference')
    call expect(abs(d_parameters(8)) > 0.1_c_double, 'which is not 0')
    call expect(lat_linear_matrix(view, stack, 0_c_int32_t, 0_c_int32_t, LAT_LINEAR_P) == LAT_OK, 'P')
    p => lat_array(view)
    p(2, 1) = 9 ! row 1, column 2
    call expect(abs(parameters(6) - 9) <= 0, 'a view of the parameters')
    call expect(lat_linear_apply(wide, stack, 1_c_int64_t) == LAT_ERROR_ARGUMENT, 'tokens of another width')
    call expect(lat_linear_gradient(d_parameters(:5), d_z, stack, z, d_out, 2_c_int64_t) == LAT_ERROR_ARGUMENT, &
      'five parameters')
    call lat_linear_free(stack)
  end subroutine test_linear_descent

  ! What a layer adds to the query is found again from examples of it.
  subroutine test_linear_fit(ctx)
    type(c_ptr), intent(in) :: ctx
    type(c_ptr) :: known, fitted
    type(lat_linear_certificate) :: certificate
    real(c_double) :: z(2, 3, 12), out(2, 3), y(1, 12)
    integer :: i, j
    call expect(lat_linear_create(known, ctx, 1_c_int32_t, 1_c_int32_t, 2_c_int32_t) == LAT_OK, 'known')
    call expect(lat_linear_create(fitted, ctx, 1_c_int32_t, 2_c_int32_t, 2_c_int32_t) == LAT_OK, 'fitted')
    call expect(lat_linear_set_descent(known, reshape([0.0_c_double], [1, 1]), 0.3_c_double, 2_c_int64_t) == LAT_OK, &
      'descent')
    z = reshape([(sin(real(j * j, c_double)), j=1, size(z))], shape(z))
    do i = 1, size(z, 3)
      out = z(:, :, i)
      call expect(lat_linear_apply(out, known, 2_c_int64_t) == LAT_OK, 'apply')
      y(1, i) = out(2, 3) - z(2, 3, i)
    end do
    call expect(lat_linear_fit(fitted, certificate, z, y, 2_c_int64_t) == LAT_OK, 'fit')
    call expect(certificate%features == 6 .and. certificate%rank == 6 .and. certificate%unique == 1, 'determined')
    call expect(certificate%residual < 1e-12_c_double, 'exactly')
    out = z(:, :, 1)
    call expect(lat_linear_apply(out, fitted, 2_c_int64_t) == LAT_OK, 'apply the fitted one')
    call expect(abs(out(2, 3) - z(2, 3, 1) - y(1, 1)) < 1e-10_c_double, 'the same function')
    call expect(lat_linear_fit(fitted, certificate, z, y(:, :2), 2_c_int64_t) == LAT_ERROR_ARGUMENT, 'two targets')
    call lat_linear_free(fitted)
    call lat_linear_free(known)
  end subroutine test_linear_fit
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
  call test_custom_task(ctx)
  call test_tokens(ctx)
  call test_loop(ctx)
  call test_canonical(ctx)
  call test_operator_leaves(ctx)
  call test_operator_composites(ctx)
  call test_operator_functions(ctx)
  call test_learned_operator(ctx)
  call test_linear_descent(ctx)
  call test_linear_fit(ctx)
  call lat_model_free(model)
  call lat_context_free(ctx)
end program test_fortran
