!> lat for Fortran 2008: the C interface under its own names, with Fortran's strings and arrays.
!!
!! This is source on purpose: a compiled module fits one compiler only. Compile it with your program,
!!
!!     gfortran "$(pkg-config --variable=includedir lat)/lat/lat.f90" program.f90 $(pkg-config --libs lat)
!!
!! Handles are type(c_ptr), freed by the lat_..._free procedures. Functions return a status, LAT_OK or
!! a LAT_ERROR code; lat_error_message() has the text. Options have their defaults after
!! `call lat_init(options)`; what they mean is in the C headers. Strings in options are pointers: keep
!! a null-terminated text, lat_text() below makes one, and give its c_loc.
!!
!! A matrix is an array. Its storage order is the `order` argument: LAT_COLUMN_MAJOR, Fortran's own
!! and the default, reads a(i, j) as row i and column j; LAT_ROW_MAJOR reads a(j, i) as row i and
!! column j, as arrays are that come from C.
module lat
  use, intrinsic :: iso_c_binding
  implicit none
  private

  integer(c_int32_t), parameter, public :: LAT_OK = 0, LAT_ERROR_ARGUMENT = -1, LAT_ERROR_SHAPE = -2, &
    LAT_ERROR_STATE = -3, LAT_ERROR_MEMORY = -4, LAT_ERROR_IO = -5, LAT_ERROR_FORMAT = -6, &
    LAT_ERROR_UNSUPPORTED = -7, LAT_ERROR_NUMERIC = -8, LAT_ERROR_CANCELLED = -9, &
    LAT_ERROR_CALLBACK = -10, LAT_ERROR_LIMIT = -11, LAT_ERROR_NOT_FOUND = -12, &
    LAT_ERROR_INTERNAL = -13
  integer(c_int32_t), parameter, public :: LAT_PRECISION_AUTO = 0, LAT_PRECISION_F32 = 1, &
    LAT_PRECISION_BF16 = 2
  integer(c_int32_t), parameter, public :: LAT_ROW_MAJOR = 0, LAT_COLUMN_MAJOR = 1
  integer(c_int32_t), parameter, public :: LAT_NORM_POST = 0, LAT_NORM_PRE = 1
  integer(c_int32_t), parameter, public :: LAT_ARCHITECTURE_ENCODER_DECODER = 0
  integer(c_int32_t), parameter, public :: LAT_ARCHITECTURE_ENCODER = 1, LAT_ARCHITECTURE_DECODER = 2
  integer(c_int32_t), parameter, public :: LAT_ARCHITECTURE_LSTM = 3, LAT_ARCHITECTURE_GRU = 4
  integer(c_int32_t), parameter, public :: LAT_NORM_KIND_LAYER = 0, LAT_NORM_KIND_RMS = 1
  integer(c_int32_t), parameter, public :: LAT_RELU = 0, LAT_GELU = 1
  integer(c_int32_t), parameter, public :: LAT_POSITIONS_LEARNED = 0, LAT_POSITIONS_SINUSOIDAL = 1
  integer(c_int32_t), parameter, public :: LAT_INIT_RANDOM = 0, LAT_INIT_FOURIER = 1
  integer(c_int32_t), parameter, public :: LAT_DECODE_GREEDY = 0, LAT_DECODE_BEAM = 1, &
    LAT_DECODE_SAMPLE = 2
  integer(c_int32_t), parameter, public :: LAT_VERDICT_WITHIN = 0, LAT_VERDICT_OUTSIDE = 1, &
    LAT_VERDICT_UNDECODABLE = 2, LAT_VERDICT_UNKNOWN = 3, LAT_VERDICT_CERTIFIED = 4, &
    LAT_VERDICT_NO_ANSWER = 5
  integer(c_int32_t), parameter, public :: LAT_SOURCE_MODEL = 0, LAT_SOURCE_REFINED = 1, &
    LAT_SOURCE_LAPACK = 2

  type, bind(C), public :: lat_context_options
    integer(c_size_t) :: struct_size
    integer(c_int32_t) :: threads, precision
    type(c_funptr) :: allocate, release
    type(c_ptr) :: allocate_user
    type(c_funptr) :: log
    type(c_ptr) :: log_user
    integer(c_int32_t) :: log_level, reserved
    type(c_funptr) :: parallel
    type(c_ptr) :: parallel_user
  end type lat_context_options

  type, bind(C), public :: lat_tokenizer_options
    integer(c_size_t) :: struct_size
    type(c_ptr) :: input_encoding, output_encoding
    integer(c_int32_t) :: input_digits, output_digits, input_triangle, reserved
  end type lat_tokenizer_options

  type, bind(C), public :: lat_task_options
    integer(c_size_t) :: struct_size
    type(c_ptr) :: name
    integer(c_int32_t) :: rows, cols, min_size, max_size, rectangular
    type(c_ptr) :: coefficients
    real(c_double) :: range
    type(c_ptr) :: distribution
    real(c_double) :: noise
    integer(c_int32_t) :: canonical, symmetric_noise
    type(c_ptr) :: structure, transform
  end type lat_task_options

  type, bind(C), public :: lat_model_options
    integer(c_size_t) :: struct_size
    integer(c_int32_t) :: encoder_layers, encoder_width, encoder_heads, encoder_loops
    integer(c_int32_t) :: decoder_layers, decoder_width, decoder_heads, decoder_loops
    integer(c_int32_t) :: ffn_factor, norm, activation, positions, tied, matrix_positions, factored
    integer(c_int32_t) :: cross_query_from_input, max_positions, init
    real(c_double) :: dropout
    integer(c_int64_t) :: seed
    integer(c_int32_t) :: architecture, norm_kind
    real(c_double) :: attention_dropout
    integer(c_int32_t) :: copy_gate, encoder_loop_layer, decoder_loop_layer, encoder_attention
    integer(c_int32_t) :: query_per_number, reserved
  end type lat_model_options

  type, bind(C), public :: lat_optimizer_options
    integer(c_size_t) :: struct_size
    type(c_ptr) :: rule, schedule
    real(c_double) :: learning_rate, beta1, beta2, epsilon, weight_decay
    real(c_double) :: muon_learning_rate, muon_momentum, clip_norm
    integer(c_int64_t) :: warmup, period
    real(c_double) :: period_multiplier, shrink, floor, ema_decay
  end type lat_optimizer_options

  type, bind(C), public :: lat_trainer_options
    integer(c_size_t) :: struct_size
    type(c_ptr) :: directory
    integer(c_int64_t) :: seed
    integer(c_int32_t) :: batch_size, accumulation
    integer(c_int64_t) :: repeat_count
    real(c_double) :: repeat_share, sign_bias
    integer(c_int64_t) :: max_examples
    real(c_double) :: max_seconds, until_exact, until_accuracy
    integer(c_int64_t) :: validate_every, validate_count, checkpoint_every, report_every
    type(c_funptr) :: progress !< c_funloc of a lat_progress_function
    type(c_ptr) :: user
    type(c_ptr) :: size_weights, task_weights, distribution_weights
    real(c_double) :: target_spread
    integer(c_int64_t) :: target_spread_examples
    real(c_double) :: checkpoint_seconds
    integer(c_int32_t) :: keep_best, keep_checkpoints, patience, split_optimizer
    integer(c_int32_t) :: rank, ranks, shards, fast_reduce
    type(c_funptr) :: reduce, agree
    type(c_ptr) :: connection
    type(c_ptr) :: source, validation_source
  end type lat_trainer_options

  type, bind(C), public :: lat_progress
    integer(c_size_t) :: struct_size
    integer(c_int64_t) :: examples, updates, tokens
    real(c_double) :: loss, learning_rate, gradient_norm, seconds, examples_per_second
    real(c_double) :: accuracy, exact
    integer(c_int32_t) :: validated, checkpointed
    real(c_double) :: best_accuracy, best_exact
    integer(c_int64_t) :: best_examples, since_best
  end type lat_progress

  type, bind(C), public :: lat_decode_options
    integer(c_size_t) :: struct_size
    integer(c_int32_t) :: method, grammar, beam_width, max_tokens
    real(c_double) :: length_penalty, temperature
    integer(c_int64_t) :: seed
    real(c_double) :: tolerance
    integer(c_int32_t) :: scaling, compare, refine, fallback
    real(c_double) :: certify_tolerance
    integer(c_int32_t) :: candidates, reserved
    type(c_funptr) :: cancel
    type(c_ptr) :: cancel_user
  end type lat_decode_options

  type, bind(C), public :: lat_report
    integer(c_size_t) :: struct_size
    real(c_double) :: residual, tolerance, orthogonality, log_probability, scale
    integer(c_int32_t) :: verdict, tokens, source, refine_steps
    real(c_double) :: residual_before, error_bound
    integer(c_int32_t) :: candidates, candidate
  end type lat_report

  type, bind(C), public :: lat_evaluate_options
    integer(c_size_t) :: struct_size
    integer(c_int64_t) :: count, seed
    integer(c_int32_t) :: stream, reserved
    integer(c_int64_t) :: first
    integer(c_int32_t) :: batch_size, norm, classic_inverse, accept_trailing, ceiling
    type(c_ptr) :: task, decode !< c_loc of a lat_decode_options
    type(c_funptr) :: progress
    type(c_ptr) :: user
    integer(c_int32_t) :: accept_loose, accept_zero
    real(c_double) :: tolerances(4)
    type(c_funptr) :: observe !< c_funloc of a lat_observe_function
    integer(c_int32_t) :: diagnose, reserved2
    type(c_ptr) :: source
  end type lat_evaluate_options

  type, bind(C), public :: lat_accuracy
    integer(c_size_t) :: struct_size
    character(kind=c_char) :: label(32)
    integer(c_int64_t) :: count
    real(c_double) :: accuracy(4), ceiling(4), exact, well_formed, within_1pct, certified, candidates
  end type lat_accuracy

  type, bind(C), public :: lat_diagnosis
    integer(c_size_t) :: struct_size
    integer(c_int64_t) :: count, failed
    real(c_double) :: values(4), norms(4), orthogonality(4), threshold, sorted, auc, right_98, failed_2
    integer(c_int32_t) :: criterion, reserved
  end type lat_diagnosis

  !> input, target, prediction: c_f_pointer of them is a lat_matrix; prediction null where there is none.
  type, bind(C), public :: lat_observation
    integer(c_size_t) :: struct_size
    integer(c_int64_t) :: index
    type(c_ptr) :: task, input, target, prediction, tokens
    integer(c_size_t) :: token_count
    real(c_double) :: residual, orthogonality, condition
    integer(c_int32_t) :: verdict, candidates, input_count, result_count
  end type lat_observation

  type, bind(C), public :: lat_matrix
    type(c_ptr) :: data
    integer(c_int32_t) :: rows, cols, ld, order
  end type lat_matrix

  abstract interface
    !> Called while training; a value other than 0 stops the run with a checkpoint.
    integer(c_int32_t) function lat_progress_function(progress, user) bind(C)
      import :: c_int32_t, c_ptr, lat_progress
      type(lat_progress), intent(in) :: progress
      type(c_ptr), value :: user
    end function lat_progress_function

    !> Called for each example of an evaluation; a value other than 0 cancels it.
    integer(c_int32_t) function lat_observe_function(observation, user) bind(C)
      import :: c_int32_t, c_ptr, lat_observation
      type(lat_observation), intent(in) :: observation
      type(c_ptr), value :: user
    end function lat_observe_function
  end interface
  public :: lat_progress_function, lat_observe_function

  ! C functions that Fortran can call as they are.
  interface
    integer(c_int32_t) function lat_version_number() bind(C)
      import :: c_int32_t
    end function lat_version_number

    subroutine lat_context_free(ctx) bind(C)
      import :: c_ptr
      type(c_ptr), value :: ctx
    end subroutine lat_context_free

    subroutine lat_tokenizer_free(tokenizer) bind(C)
      import :: c_ptr
      type(c_ptr), value :: tokenizer
    end subroutine lat_tokenizer_free

    subroutine lat_task_free(task) bind(C)
      import :: c_ptr
      type(c_ptr), value :: task
    end subroutine lat_task_free

    integer(c_int32_t) function lat_task_output_shape(rows, cols, task, input_rows, input_cols) bind(C)
      import :: c_int32_t, c_ptr
      integer(c_int32_t), intent(out) :: rows, cols
      type(c_ptr), value :: task
      integer(c_int32_t), value :: input_rows, input_cols
    end function lat_task_output_shape

    integer(c_int32_t) function lat_task_operand_count(task) bind(C)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: task
    end function lat_task_operand_count

    integer(c_int32_t) function lat_task_result_count(task) bind(C)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: task
    end function lat_task_result_count

    !> Tells the options of a task, tokenizer or model as they took effect; call lat_init(options) first.
    integer(c_int32_t) function lat_task_get_options(options, task) bind(C)
      import :: c_int32_t, c_ptr, lat_task_options
      type(lat_task_options), intent(inout) :: options
      type(c_ptr), value :: task
    end function lat_task_get_options

    integer(c_int32_t) function lat_tokenizer_get_options(options, tokenizer) bind(C)
      import :: c_int32_t, c_ptr, lat_tokenizer_options
      type(lat_tokenizer_options), intent(inout) :: options
      type(c_ptr), value :: tokenizer
    end function lat_tokenizer_get_options

    integer(c_int32_t) function lat_model_get_options(options, model) bind(C)
      import :: c_int32_t, c_ptr, lat_model_options
      type(lat_model_options), intent(inout) :: options
      type(c_ptr), value :: model
    end function lat_model_get_options

    integer(c_int32_t) function lat_model_freeze(model) bind(C)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: model
    end function lat_model_freeze

    !> The model of `size` bytes at an address, which may go afterwards; custom: c_null_ptr, or a task.
    integer(c_int32_t) function lat_model_load_memory(model, ctx, data, size, custom) bind(C)
      import :: c_int32_t, c_size_t, c_ptr
      type(c_ptr), intent(out) :: model
      type(c_ptr), value :: ctx, data, custom
      integer(c_size_t), value :: size
    end function lat_model_load_memory

    subroutine lat_model_free(model) bind(C)
      import :: c_ptr
      type(c_ptr), value :: model
    end subroutine lat_model_free

    !> Borrowed: lives as long as the model.
    type(c_ptr) function lat_model_task(model) bind(C)
      import :: c_ptr
      type(c_ptr), value :: model
    end function lat_model_task

    integer(c_size_t) function lat_model_parameter_count(model) bind(C)
      import :: c_size_t, c_ptr
      type(c_ptr), value :: model
    end function lat_model_parameter_count

    ! target: what options%user points at is written by callbacks, long after the call.
    integer(c_int32_t) function lat_trainer_create(trainer, model, optimizer, options) bind(C)
      import :: c_int32_t, c_ptr, lat_optimizer_options, lat_trainer_options
      type(c_ptr), intent(out) :: trainer
      type(c_ptr), value :: model
      type(lat_optimizer_options), intent(in) :: optimizer
      type(lat_trainer_options), intent(in), target :: options
    end function lat_trainer_create

    integer(c_int32_t) function lat_trainer_resume(trainer, model, optimizer, options) bind(C)
      import :: c_int32_t, c_ptr, lat_optimizer_options, lat_trainer_options
      type(c_ptr), intent(out) :: trainer
      type(c_ptr), value :: model
      type(lat_optimizer_options), intent(in) :: optimizer
      type(lat_trainer_options), intent(in), target :: options
    end function lat_trainer_resume

    integer(c_int32_t) function lat_trainer_run(trainer) bind(C)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: trainer
    end function lat_trainer_run

    subroutine lat_trainer_progress(progress, trainer) bind(C)
      import :: c_ptr, lat_progress
      type(lat_progress), intent(inout) :: progress
      type(c_ptr), value :: trainer
    end subroutine lat_trainer_progress

    subroutine lat_trainer_free(trainer) bind(C)
      import :: c_ptr
      type(c_ptr), value :: trainer
    end subroutine lat_trainer_free

    subroutine lat_solver_free(solver) bind(C)
      import :: c_ptr
      type(c_ptr), value :: solver
    end subroutine lat_solver_free
  end interface
  public :: lat_version_number, lat_context_free, lat_tokenizer_free, lat_task_free, &
    lat_task_output_shape, lat_task_operand_count, lat_task_result_count, lat_task_get_options, &
    lat_tokenizer_get_options, lat_model_get_options, &
    lat_model_freeze, lat_model_free, lat_model_task, lat_model_load_memory, &
    lat_model_parameter_count, lat_trainer_create, lat_trainer_resume, lat_trainer_run, &
    lat_trainer_progress, lat_trainer_free, lat_solver_free

  ! C functions behind the procedures below.
  interface
    integer(c_int32_t) function c_context_create(ctx, options) bind(C, name='lat_context_create')
      import :: c_int32_t, c_ptr
      type(c_ptr), intent(out) :: ctx
      type(c_ptr), value :: options
    end function c_context_create

    integer(c_int32_t) function c_tokenizer_create(tokenizer, ctx, options) &
      bind(C, name='lat_tokenizer_create')
      import :: c_int32_t, c_ptr
      type(c_ptr), intent(out) :: tokenizer
      type(c_ptr), value :: ctx, options
    end function c_tokenizer_create

    integer(c_int32_t) function c_task_create(task, ctx, options) bind(C, name='lat_task_create')
      import :: c_int32_t, c_ptr, lat_task_options
      type(c_ptr), intent(out) :: task
      type(c_ptr), value :: ctx
      type(lat_task_options), intent(in) :: options
    end function c_task_create

    integer(c_int32_t) function c_task_create_mixture(task, ctx, tasks, weights, count) &
      bind(C, name='lat_task_create_mixture')
      import :: c_int32_t, c_ptr
      type(c_ptr), intent(out) :: task
      type(c_ptr), value :: ctx, weights
      type(c_ptr), intent(in) :: tasks(*)
      integer(c_int32_t), value :: count
    end function c_task_create_mixture

    integer(c_int32_t) function c_task_answer(x, task, a) bind(C, name='lat_task_answer')
      import :: c_int32_t, c_ptr, lat_matrix
      type(lat_matrix), intent(inout) :: x
      type(c_ptr), value :: task
      type(lat_matrix), intent(in) :: a
    end function c_task_answer

    integer(c_int32_t) function c_task_result_shapes(results, result_count, task, operands, &
      operand_count) bind(C, name='lat_task_result_shapes')
      import :: c_int32_t, c_ptr, lat_matrix
      integer(c_int32_t), value :: result_count, operand_count
      type(lat_matrix), intent(inout) :: results(result_count)
      type(c_ptr), value :: task
      type(lat_matrix), intent(in) :: operands(operand_count)
    end function c_task_result_shapes

    integer(c_int32_t) function c_task_answer_operands(results, result_count, task, operands, &
      operand_count) bind(C, name='lat_task_answer_operands')
      import :: c_int32_t, c_ptr, lat_matrix
      integer(c_int32_t), value :: result_count, operand_count
      type(lat_matrix), intent(inout) :: results(result_count)
      type(c_ptr), value :: task
      type(lat_matrix), intent(in) :: operands(operand_count)
    end function c_task_answer_operands

    integer(c_int32_t) function c_model_create(model, task, tokenizer, options) &
      bind(C, name='lat_model_create')
      import :: c_int32_t, c_ptr
      type(c_ptr), intent(out) :: model
      type(c_ptr), value :: task, tokenizer, options
    end function c_model_create

    integer(c_int32_t) function c_model_load(model, ctx, path, custom) bind(C, name='lat_model_load')
      import :: c_int32_t, c_ptr, c_char
      type(c_ptr), intent(out) :: model
      type(c_ptr), value :: ctx, custom
      character(kind=c_char), intent(in) :: path(*)
    end function c_model_load

    integer(c_int32_t) function c_model_load_named(model, ctx, folders, name, custom) &
      bind(C, name='lat_model_load_named')
      import :: c_int32_t, c_ptr, c_char
      type(c_ptr), intent(out) :: model
      type(c_ptr), value :: ctx, folders, custom
      character(kind=c_char), intent(in) :: name(*)
    end function c_model_load_named

    integer(c_int32_t) function c_model_create_from(model, from, task, options) &
      bind(C, name='lat_model_create_from')
      import :: c_int32_t, c_ptr
      type(c_ptr), intent(out) :: model
      type(c_ptr), value :: from, task, options
    end function c_model_create_from

    type(c_ptr) function c_model_folder() bind(C, name='lat_model_folder')
      import :: c_ptr
    end function c_model_folder

    integer(c_int32_t) function c_model_save(model, path, storage) bind(C, name='lat_model_save_as')
      import :: c_int32_t, c_ptr, c_char
      type(c_ptr), value :: model
      character(kind=c_char), intent(in) :: path(*), storage(*)
    end function c_model_save

    integer(c_int32_t) function c_model_save_memory(size, model, data, capacity, storage) &
      bind(C, name='lat_model_save_memory')
      import :: c_int32_t, c_size_t, c_ptr, c_char
      integer(c_size_t), intent(out) :: size
      type(c_ptr), value :: model, data
      integer(c_size_t), value :: capacity
      character(kind=c_char), intent(in) :: storage(*)
    end function c_model_save_memory

    integer(c_int32_t) function c_solver_create(solver, model, options) &
      bind(C, name='lat_solver_create')
      import :: c_int32_t, c_ptr
      type(c_ptr), intent(out) :: solver
      type(c_ptr), value :: model, options
    end function c_solver_create

    integer(c_int32_t) function c_solver_select(solver, task) bind(C, name='lat_solver_select')
      import :: c_int32_t, c_ptr, c_char
      type(c_ptr), value :: solver
      character(kind=c_char), intent(in) :: task(*)
    end function c_solver_select

    integer(c_int32_t) function c_solver_solve(x, report, solver, a) bind(C, name='lat_solver_solve')
      import :: c_int32_t, c_ptr, lat_matrix
      type(lat_matrix), intent(inout) :: x
      type(c_ptr), value :: report, solver
      type(lat_matrix), intent(in) :: a
    end function c_solver_solve

    integer(c_int32_t) function c_solver_solve_operands(results, result_count, reports, solver, &
      operands, operand_count, count) bind(C, name='lat_solver_solve_operands')
      import :: c_int32_t, c_int64_t, c_ptr, lat_matrix
      integer(c_int32_t), value :: result_count, operand_count
      type(lat_matrix), intent(inout) :: results(*)
      type(c_ptr), value :: reports, solver
      type(lat_matrix), intent(in) :: operands(*)
      integer(c_int64_t), value :: count
    end function c_solver_solve_operands

    integer(c_int32_t) function c_evaluate(evaluation, model, options) bind(C, name='lat_evaluate')
      import :: c_int32_t, c_ptr
      type(c_ptr), intent(out) :: evaluation
      type(c_ptr), value :: model, options
    end function c_evaluate

    type(c_ptr) function c_evaluation_row(evaluation, index) bind(C, name='lat_evaluation_row')
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: evaluation
      integer(c_int32_t), value :: index
    end function c_evaluation_row

    integer(c_int32_t) function c_evaluation_row_count(evaluation) &
      bind(C, name='lat_evaluation_row_count')
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: evaluation
    end function c_evaluation_row_count

    integer(c_int32_t) function c_evaluation_diagnosis(diagnosis, evaluation) &
      bind(C, name='lat_evaluation_diagnosis')
      import :: c_int32_t, c_ptr, lat_diagnosis
      type(lat_diagnosis), intent(inout) :: diagnosis
      type(c_ptr), value :: evaluation
    end function c_evaluation_diagnosis

    subroutine c_evaluation_free(evaluation) bind(C, name='lat_evaluation_free')
      import :: c_ptr
      type(c_ptr), value :: evaluation
    end subroutine c_evaluation_free

    type(c_ptr) function c_last_error() bind(C, name='lat_last_error')
      import :: c_ptr
    end function c_last_error

    type(c_ptr) function c_status_name(status) bind(C, name='lat_status_name')
      import :: c_ptr, c_int32_t
      integer(c_int32_t), value :: status
    end function c_status_name

    type(c_ptr) function c_version_string() bind(C, name='lat_version_string')
      import :: c_ptr
    end function c_version_string

    integer(c_size_t) function c_strlen(text) bind(C, name='strlen')
      import :: c_size_t, c_ptr
      type(c_ptr), value :: text
    end function c_strlen

    subroutine c_context_init(options, size) bind(C, name='lat_context_options_init_sized')
      import :: c_size_t, lat_context_options
      type(lat_context_options), intent(out) :: options
      integer(c_size_t), value :: size
    end subroutine c_context_init

    subroutine c_tokenizer_init(options, size) bind(C, name='lat_tokenizer_options_init_sized')
      import :: c_size_t, lat_tokenizer_options
      type(lat_tokenizer_options), intent(out) :: options
      integer(c_size_t), value :: size
    end subroutine c_tokenizer_init

    subroutine c_task_init(options, size) bind(C, name='lat_task_options_init_sized')
      import :: c_size_t, lat_task_options
      type(lat_task_options), intent(out) :: options
      integer(c_size_t), value :: size
    end subroutine c_task_init

    subroutine c_model_init(options, size) bind(C, name='lat_model_options_init_sized')
      import :: c_size_t, lat_model_options
      type(lat_model_options), intent(out) :: options
      integer(c_size_t), value :: size
    end subroutine c_model_init

    subroutine c_optimizer_init(options, size) bind(C, name='lat_optimizer_options_init_sized')
      import :: c_size_t, lat_optimizer_options
      type(lat_optimizer_options), intent(out) :: options
      integer(c_size_t), value :: size
    end subroutine c_optimizer_init

    subroutine c_trainer_init(options, size) bind(C, name='lat_trainer_options_init_sized')
      import :: c_size_t, lat_trainer_options
      type(lat_trainer_options), intent(out) :: options
      integer(c_size_t), value :: size
    end subroutine c_trainer_init

    subroutine c_progress_init(progress, size) bind(C, name='lat_progress_init_sized')
      import :: c_size_t, lat_progress
      type(lat_progress), intent(out) :: progress
      integer(c_size_t), value :: size
    end subroutine c_progress_init

    subroutine c_decode_init(options, size) bind(C, name='lat_decode_options_init_sized')
      import :: c_size_t, lat_decode_options
      type(lat_decode_options), intent(out) :: options
      integer(c_size_t), value :: size
    end subroutine c_decode_init

    subroutine c_report_init(report, size) bind(C, name='lat_report_init_sized')
      import :: c_size_t, lat_report
      type(lat_report), intent(out) :: report
      integer(c_size_t), value :: size
    end subroutine c_report_init

    subroutine c_evaluate_init(options, size) bind(C, name='lat_evaluate_options_init_sized')
      import :: c_size_t, lat_evaluate_options
      type(lat_evaluate_options), intent(out) :: options
      integer(c_size_t), value :: size
    end subroutine c_evaluate_init

    subroutine c_diagnosis_init(diagnosis, size) bind(C, name='lat_diagnosis_init_sized')
      import :: c_size_t, lat_diagnosis
      type(lat_diagnosis), intent(out) :: diagnosis
      integer(c_size_t), value :: size
    end subroutine c_diagnosis_init
  end interface

  !> Fills a structure with its defaults: the init macros of C.
  interface lat_init
    module procedure init_context, init_tokenizer, init_task, init_model, init_optimizer, &
      init_trainer, init_progress, init_decode, init_report, init_evaluate, init_diagnosis
  end interface lat_init
  public :: lat_init

  !> lat_task_create() from options, or from a name and the rows (and columns) of the matrices.
  interface lat_task_create
    module procedure create_task, create_named_task
  end interface lat_task_create
  public :: lat_task_create

  !> The C interface's view of a contiguous array; a vector is a column.
  interface lat_view
    module procedure view_matrix, view_vector
  end interface lat_view

  !> The answer to a matrix by LAPACK, of a task of one operand and one result: a matrix, or a vector
  !! where it has one column.
  interface lat_task_answer
    module procedure answer_matrix, answer_vector
  end interface lat_task_answer

  !> Solves for one matrix, whose answer may be a vector; a wrong one is LAT_OK too: read the report.
  interface lat_solver_solve
    module procedure solve_matrix, solve_vector
  end interface lat_solver_solve

  !> Solves for several problems at once, faster than one by one: for a(:, :, i) with the answers
  !! x(:, :, i) or x(:, i), or for views operands(:, i) with results(:, i). reports: as many as problems.
  interface lat_solver_solve_many
    module procedure solve_many_matrices, solve_many_vectors, solve_many_views
  end interface lat_solver_solve_many
  public :: lat_solver_solve_many, lat_task_create_mixture, lat_model_save_memory

  public :: lat_error_message, lat_status_name, lat_version_string, lat_text, lat_view
  public :: lat_context_create, lat_tokenizer_create, lat_task_answer, lat_task_answer_operands
  public :: lat_task_result_shapes, lat_solver_solve_operands
  public :: lat_model_create, lat_model_load, lat_model_save
  public :: lat_model_load_named, lat_model_create_from, lat_model_folder
  public :: lat_solver_create, lat_solver_select, lat_solver_solve, lat_evaluate

contains

  ! Text

  !> The message of the last failed call of this thread.
  function lat_error_message() result(text)
    character(len=:), allocatable :: text
    text = fortran_text(c_last_error())
  end function lat_error_message

  !> Name of a status, such as "SHAPE".
  function lat_status_name(status) result(text)
    integer(c_int32_t), intent(in) :: status
    character(len=:), allocatable :: text
    text = fortran_text(c_status_name(status))
  end function lat_status_name

  !> Version of the library in use.
  function lat_version_string() result(text)
    character(len=:), allocatable :: text
    text = fortran_text(c_version_string())
  end function lat_version_string

  !> C's text of a Fortran string, blanks at its end left out: for options, kept in a target. For C a
  !> null character inside is the end, as in all names and paths here.
  pure function lat_text(text) result(copy)
    character(len=*), intent(in) :: text
    character(kind=c_char) :: copy(len_trim(text) + 1)
    integer :: i
    do i = 1, len_trim(text)
      copy(i) = text(i:i)
    end do
    copy(len_trim(text) + 1) = c_null_char
  end function lat_text

  function fortran_text(address) result(text)
    type(c_ptr), intent(in) :: address
    character(len=:), allocatable :: text
    character(kind=c_char), pointer :: bytes(:)
    integer :: i
    call c_f_pointer(address, bytes, [c_strlen(address)])
    allocate (character(len=size(bytes)) :: text)
    do i = 1, size(bytes)
      text(i:i) = bytes(i)
    end do
  end function fortran_text

  ! Matrices

  !> What C can hold of an extent; a larger one is refused there all the same.
  elemental integer(c_int32_t) function extent(n)
    integer(c_int64_t), intent(in) :: n
    extent = int(max(-1_c_int64_t, min(n, int(huge(extent), c_int64_t))), c_int32_t)
  end function extent

  !> Valid while the array lives in its place.
  function view_matrix(a, order) result(view)
    real(c_double), intent(in), contiguous, target :: a(:, :)
    integer(c_int32_t), intent(in), optional :: order
    type(lat_matrix) :: view
    integer(c_int32_t) :: extents(2)
    extents = extent(shape(a, kind=c_int64_t))
    view%order = LAT_COLUMN_MAJOR
    if (present(order)) view%order = order
    if (view%order == LAT_ROW_MAJOR) extents = extents([2, 1])
    view%rows = extents(1)
    view%cols = extents(2)
    view%ld = extent(size(a, 1, kind=c_int64_t))
    view%data = c_null_ptr
    if (size(a) > 0) view%data = c_loc(a)
  end function view_matrix

  function view_vector(a, order) result(view)
    real(c_double), intent(in), contiguous, target :: a(:)
    integer(c_int32_t), intent(in), optional :: order
    type(lat_matrix) :: view
    view%order = LAT_COLUMN_MAJOR
    if (present(order)) view%order = order
    view%rows = extent(size(a, kind=c_int64_t))
    view%cols = 1
    view%ld = merge(1_c_int32_t, view%rows, view%order == LAT_ROW_MAJOR)
    view%data = c_null_ptr
    if (size(a) > 0) view%data = c_loc(a)
  end function view_vector

  ! Objects

  integer(c_int32_t) function lat_context_create(ctx, options) result(status)
    type(c_ptr), intent(out) :: ctx
    type(lat_context_options), intent(in), optional, target :: options
    type(c_ptr) :: given
    given = c_null_ptr
    if (present(options)) given = c_loc(options)
    status = c_context_create(ctx, given)
  end function lat_context_create

  integer(c_int32_t) function lat_tokenizer_create(tokenizer, ctx, options) result(status)
    type(c_ptr), intent(out) :: tokenizer
    type(c_ptr), intent(in) :: ctx
    type(lat_tokenizer_options), intent(in), optional, target :: options
    type(c_ptr) :: given
    given = c_null_ptr
    if (present(options)) given = c_loc(options)
    status = c_tokenizer_create(tokenizer, ctx, given)
  end function lat_tokenizer_create

  integer(c_int32_t) function create_task(task, ctx, options) result(status)
    type(c_ptr), intent(out) :: task
    type(c_ptr), intent(in) :: ctx
    type(lat_task_options), intent(in) :: options
    status = c_task_create(task, ctx, options)
  end function create_task

  integer(c_int32_t) function create_named_task(task, ctx, name, rows, cols) result(status)
    type(c_ptr), intent(out) :: task
    type(c_ptr), intent(in) :: ctx
    character(len=*), intent(in) :: name
    integer, intent(in) :: rows
    integer, intent(in), optional :: cols
    type(lat_task_options) :: options
    character(kind=c_char), target :: text(len_trim(name) + 1)
    text = lat_text(name)
    call lat_init(options)
    options%name = c_loc(text)
    options%rows = extent(int(rows, c_int64_t))
    if (present(cols)) options%cols = extent(int(cols, c_int64_t))
    status = c_task_create(task, ctx, options)
  end function create_named_task

  !> A task of several, one of which is drawn for each example. weights: their shares; absent: equal.
  integer(c_int32_t) function lat_task_create_mixture(task, ctx, tasks, weights) result(status)
    type(c_ptr), intent(out) :: task
    type(c_ptr), intent(in) :: ctx, tasks(:)
    real(c_double), intent(in), optional, contiguous, target :: weights(:)
    type(c_ptr) :: given
    integer(c_int32_t) :: count
    count = size(tasks, kind=c_int32_t)
    given = c_null_ptr
    if (present(weights)) then
      if (size(weights) /= size(tasks)) count = 0 ! which C refuses
      if (size(weights) > 0) given = c_loc(weights)
    end if
    status = c_task_create_mixture(task, ctx, tasks, given, count)
  end function lat_task_create_mixture

  !> Shapes of the results to operands, as lat_view() gives them: rows and cols of results are set.
  integer(c_int32_t) function lat_task_result_shapes(results, task, operands) result(status)
    type(lat_matrix), intent(inout) :: results(:)
    type(c_ptr), intent(in) :: task
    type(lat_matrix), intent(in) :: operands(:)
    status = c_task_result_shapes(results, size(results, kind=c_int32_t), task, operands, &
      size(operands, kind=c_int32_t))
  end function lat_task_result_shapes

  !> The results for operands by LAPACK, between arrays that lat_view() gives views of.
  integer(c_int32_t) function lat_task_answer_operands(results, task, operands) result(status)
    type(lat_matrix), intent(inout) :: results(:)
    type(c_ptr), intent(in) :: task
    type(lat_matrix), intent(in) :: operands(:)
    status = c_task_answer_operands(results, size(results, kind=c_int32_t), task, operands, &
      size(operands, kind=c_int32_t))
  end function lat_task_answer_operands

  integer(c_int32_t) function answer_matrix(x, task, a, order) result(status)
    real(c_double), intent(inout), contiguous, target :: x(:, :)
    type(c_ptr), intent(in) :: task
    real(c_double), intent(in), contiguous, target :: a(:, :)
    integer(c_int32_t), intent(in), optional :: order
    type(lat_matrix) :: answer
    answer = lat_view(x, order)
    status = c_task_answer(answer, task, lat_view(a, order))
  end function answer_matrix

  integer(c_int32_t) function answer_vector(x, task, a, order) result(status)
    real(c_double), intent(inout), contiguous, target :: x(:)
    type(c_ptr), intent(in) :: task
    real(c_double), intent(in), contiguous, target :: a(:, :)
    integer(c_int32_t), intent(in), optional :: order
    type(lat_matrix) :: answer
    answer = lat_view(x, order)
    status = c_task_answer(answer, task, lat_view(a, order))
  end function answer_vector

  integer(c_int32_t) function lat_model_create(model, task, tokenizer, options) result(status)
    type(c_ptr), intent(out) :: model
    type(c_ptr), intent(in) :: task, tokenizer
    type(lat_model_options), intent(in), optional, target :: options
    type(c_ptr) :: given
    given = c_null_ptr
    if (present(options)) given = c_loc(options)
    status = c_model_create(model, task, tokenizer, given)
  end function lat_model_create

  !> @param custom  the task of a model that was trained on a custom task
  integer(c_int32_t) function lat_model_load(model, ctx, path, custom) result(status)
    type(c_ptr), intent(out) :: model
    type(c_ptr), intent(in) :: ctx
    character(len=*), intent(in) :: path
    type(c_ptr), intent(in), optional :: custom
    type(c_ptr) :: task
    task = c_null_ptr
    if (present(custom)) task = custom
    status = c_model_load(model, ctx, lat_text(path), task)
  end function lat_model_load

  !> Loads the model name.safetensors of the first of some folders that has it.
  !> @param folders  paths with ':' between them; absent: the folder of installed models
  integer(c_int32_t) function lat_model_load_named(model, ctx, name, folders) result(status)
    type(c_ptr), intent(out) :: model
    type(c_ptr), intent(in) :: ctx
    character(len=*), intent(in) :: name
    character(len=*), intent(in), optional :: folders
    character(kind=c_char), allocatable, target :: list(:)
    type(c_ptr) :: given
    given = c_null_ptr
    if (present(folders)) then
      list = lat_text(folders)
      given = c_loc(list)
    end if
    status = c_model_load_named(model, ctx, given, lat_text(name), c_null_ptr)
  end function lat_model_load_named

  !> A trainable model of another task that starts from the parameters of `from`, with its options.
  integer(c_int32_t) function lat_model_create_from(model, from, task) result(status)
    type(c_ptr), intent(out) :: model
    type(c_ptr), intent(in) :: from, task
    status = c_model_create_from(model, from, task, c_null_ptr)
  end function lat_model_create_from

  !> The folder of installed models.
  function lat_model_folder() result(text)
    character(len=:), allocatable :: text
    text = fortran_text(c_model_folder())
  end function lat_model_folder

  !> @param storage  'f32', the default, or 'bf16' or 'f16', which halve the file
  integer(c_int32_t) function lat_model_save(model, path, storage) result(status)
    type(c_ptr), intent(in) :: model
    character(len=*), intent(in) :: path
    character(len=*), intent(in), optional :: storage
    if (present(storage)) then
      status = c_model_save(model, lat_text(path), lat_text(storage))
    else
      status = c_model_save(model, lat_text(path), lat_text('f32'))
    end if
  end function lat_model_save

  !> The bytes that lat_model_save() writes.
  integer(c_int32_t) function lat_model_save_memory(bytes, model, storage) result(status)
    character(kind=c_char), allocatable, target, intent(out) :: bytes(:)
    type(c_ptr), intent(in) :: model
    character(len=*), intent(in), optional :: storage
    character(len=:), allocatable :: kind
    integer(c_size_t) :: count, written
    kind = 'f32'
    if (present(storage)) kind = storage
    status = c_model_save_memory(count, model, c_null_ptr, 0_c_size_t, lat_text(kind))
    if (status /= LAT_OK) return
    allocate (bytes(count))
    status = c_model_save_memory(written, model, c_loc(bytes), count, lat_text(kind))
  end function lat_model_save_memory

  integer(c_int32_t) function lat_solver_create(solver, model, options) result(status)
    type(c_ptr), intent(out) :: solver
    type(c_ptr), intent(in) :: model
    type(lat_decode_options), intent(in), optional, target :: options
    type(c_ptr) :: given
    given = c_null_ptr
    if (present(options)) given = c_loc(options)
    status = c_solver_create(solver, model, given)
  end function lat_solver_create

  integer(c_int32_t) function lat_solver_select(solver, task) result(status)
    type(c_ptr), intent(in) :: solver
    character(len=*), intent(in) :: task
    status = c_solver_select(solver, lat_text(task))
  end function lat_solver_select

  integer(c_int32_t) function solve_matrix(x, report, solver, a, order) result(status)
    real(c_double), intent(inout), contiguous, target :: x(:, :)
    type(lat_report), intent(out), target :: report
    type(c_ptr), intent(in) :: solver
    real(c_double), intent(in), contiguous, target :: a(:, :)
    integer(c_int32_t), intent(in), optional :: order
    type(lat_matrix) :: answer
    answer = lat_view(x, order)
    call lat_init(report)
    status = c_solver_solve(answer, c_loc(report), solver, lat_view(a, order))
  end function solve_matrix

  integer(c_int32_t) function solve_vector(x, report, solver, a, order) result(status)
    real(c_double), intent(inout), contiguous, target :: x(:)
    type(lat_report), intent(out), target :: report
    type(c_ptr), intent(in) :: solver
    real(c_double), intent(in), contiguous, target :: a(:, :)
    integer(c_int32_t), intent(in), optional :: order
    type(lat_matrix) :: answer
    answer = lat_view(x, order)
    call lat_init(report)
    status = c_solver_solve(answer, c_loc(report), solver, lat_view(a, order))
  end function solve_vector

  integer(c_int32_t) function solve_many_matrices(x, reports, solver, a, order) result(status)
    real(c_double), intent(inout), contiguous, target :: x(:, :, :)
    type(lat_report), intent(out), contiguous, target :: reports(:)
    type(c_ptr), intent(in) :: solver
    real(c_double), intent(in), contiguous, target :: a(:, :, :)
    integer(c_int32_t), intent(in), optional :: order
    type(lat_matrix) :: results(1, size(x, 3)), operands(1, size(a, 3))
    integer :: i
    do i = 1, size(x, 3)
      results(1, i) = lat_view(x(:, :, i), order)
    end do
    do i = 1, size(a, 3)
      operands(1, i) = lat_view(a(:, :, i), order)
    end do
    status = solve_many_views(results, reports, solver, operands)
  end function solve_many_matrices

  integer(c_int32_t) function solve_many_vectors(x, reports, solver, a, order) result(status)
    real(c_double), intent(inout), contiguous, target :: x(:, :)
    type(lat_report), intent(out), contiguous, target :: reports(:)
    type(c_ptr), intent(in) :: solver
    real(c_double), intent(in), contiguous, target :: a(:, :, :)
    integer(c_int32_t), intent(in), optional :: order
    type(lat_matrix) :: results(1, size(x, 2)), operands(1, size(a, 3))
    integer :: i
    do i = 1, size(x, 2)
      results(1, i) = lat_view(x(:, i), order)
    end do
    do i = 1, size(a, 3)
      operands(1, i) = lat_view(a(:, :, i), order)
    end do
    status = solve_many_views(results, reports, solver, operands)
  end function solve_many_vectors

  integer(c_int32_t) function solve_many_views(results, reports, solver, operands) result(status)
    type(lat_matrix), intent(inout) :: results(:, :)
    type(lat_report), intent(out), contiguous, target :: reports(:)
    type(c_ptr), intent(in) :: solver
    type(lat_matrix), intent(in) :: operands(:, :)
    integer(c_int64_t) :: count
    integer :: i
    do i = 1, size(reports)
      call lat_init(reports(i))
    end do
    count = size(operands, 2, kind=c_int64_t)
    if (size(results, 2) /= size(operands, 2) .or. size(reports) /= size(operands, 2)) count = -1 ! C refuses it
    status = c_solver_solve_operands(results, size(results, 1, kind=c_int32_t), c_loc(reports), solver, &
      operands, size(operands, 1, kind=c_int32_t), count)
  end function solve_many_views

  !> Solves for any number of operands and results, between arrays that lat_view() gives views of.
  integer(c_int32_t) function lat_solver_solve_operands(results, report, solver, operands) &
    result(status)
    type(lat_matrix), intent(inout) :: results(:)
    type(lat_report), intent(out), target :: report
    type(c_ptr), intent(in) :: solver
    type(lat_matrix), intent(in) :: operands(:)
    call lat_init(report)
    status = c_solver_solve_operands(results, size(results, kind=c_int32_t), c_loc(report), solver, &
      operands, size(operands, kind=c_int32_t), 1_c_int64_t)
  end function lat_solver_solve_operands

  !> Solves fresh examples and scores them: rows(1) is over all of them. diagnosis: of the failed
  !! answers, where options%diagnose is 1.
  integer(c_int32_t) function lat_evaluate(rows, model, options, diagnosis) result(status)
    type(lat_accuracy), allocatable, intent(out) :: rows(:)
    type(c_ptr), intent(in) :: model
    type(lat_evaluate_options), intent(in), optional, target :: options
    type(lat_diagnosis), intent(out), optional :: diagnosis
    type(c_ptr) :: evaluation, given
    type(lat_accuracy), pointer :: row
    integer(c_int32_t) :: i
    given = c_null_ptr
    if (present(options)) given = c_loc(options)
    status = c_evaluate(evaluation, model, given)
    if (status /= LAT_OK) return
    allocate (rows(c_evaluation_row_count(evaluation)))
    do i = 1, size(rows, kind=c_int32_t)
      call c_f_pointer(c_evaluation_row(evaluation, i - 1), row)
      rows(i) = row
    end do
    if (present(diagnosis)) then
      call lat_init(diagnosis)
      status = c_evaluation_diagnosis(diagnosis, evaluation)
    end if
    call c_evaluation_free(evaluation)
  end function lat_evaluate

  ! Defaults

  subroutine init_context(options)
    type(lat_context_options), intent(out) :: options
    call c_context_init(options, c_sizeof(options))
  end subroutine init_context

  subroutine init_tokenizer(options)
    type(lat_tokenizer_options), intent(out) :: options
    call c_tokenizer_init(options, c_sizeof(options))
  end subroutine init_tokenizer

  subroutine init_task(options)
    type(lat_task_options), intent(out) :: options
    call c_task_init(options, c_sizeof(options))
  end subroutine init_task

  subroutine init_model(options)
    type(lat_model_options), intent(out) :: options
    call c_model_init(options, c_sizeof(options))
  end subroutine init_model

  subroutine init_optimizer(options)
    type(lat_optimizer_options), intent(out) :: options
    call c_optimizer_init(options, c_sizeof(options))
  end subroutine init_optimizer

  subroutine init_trainer(options)
    type(lat_trainer_options), intent(out) :: options
    call c_trainer_init(options, c_sizeof(options))
  end subroutine init_trainer

  subroutine init_progress(progress)
    type(lat_progress), intent(out) :: progress
    call c_progress_init(progress, c_sizeof(progress))
  end subroutine init_progress

  subroutine init_decode(options)
    type(lat_decode_options), intent(out) :: options
    call c_decode_init(options, c_sizeof(options))
  end subroutine init_decode

  subroutine init_evaluate(options)
    type(lat_evaluate_options), intent(out) :: options
    call c_evaluate_init(options, c_sizeof(options))
  end subroutine init_evaluate

  subroutine init_diagnosis(diagnosis)
    type(lat_diagnosis), intent(out) :: diagnosis
    call c_diagnosis_init(diagnosis, c_sizeof(diagnosis))
  end subroutine init_diagnosis

  subroutine init_report(report)
    type(lat_report), intent(out) :: report
    call c_report_init(report, c_sizeof(report))
  end subroutine init_report
end module lat
