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
  integer(c_int32_t), parameter, public :: LAT_FFN_PLAIN = 0, LAT_FFN_GATED = 1, LAT_FFN_BILINEAR = 2, &
    LAT_FFN_HASHED = 3
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
  integer(c_int32_t), parameter, public :: LAT_INPUT = 0, LAT_OUTPUT = 1
  integer(c_int32_t), parameter, public :: LAT_NORM_L1 = 0, LAT_NORM_MAX = 1, LAT_NORM_FROBENIUS2 = 2
  integer(c_int32_t), parameter, public :: LAT_TASK_REJECT = 1 !< a callback discards its example
  integer(c_int32_t), parameter, public :: LAT_OPERATOR_MAX_DENSE = 4096, LAT_OPERATOR_MAX_PARTS = 4096
  integer(c_int32_t), parameter, public :: LAT_LINEAR_A = 0, LAT_LINEAR_P = 1, LAT_LINEAR_S = 2

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
    integer(c_int32_t) :: scratchpad, equilibrate
  end type lat_task_options

  !> A custom task: members are c_funloc of a lat_..._function, or c_null_funptr.
  type, bind(C), public :: lat_task_functions
    integer(c_size_t) :: struct_size
    type(c_ptr) :: name
    integer(c_int32_t) :: letter, degree, scalable, thread_safe
    type(c_funptr) :: input_shape, output_shape, draw, answer, residual, canonicalize, restore
    integer(c_int32_t) :: transform_size, reserved, operand_count, result_count
    integer(c_int32_t) :: operand_max_rows(4), operand_max_cols(4), result_max_rows(4), result_max_cols(4)
  end type lat_task_functions

  type, bind(C), public :: lat_score_options
    integer(c_size_t) :: struct_size
    integer(c_int32_t) :: norm, classic_inverse, accept_zero, reserved
  end type lat_score_options

  type, bind(C), public :: lat_score
    integer(c_size_t) :: struct_size
    real(c_double) :: residual, within_1pct, orthogonality, condition
    integer(c_int32_t) :: ordered, exact
  end type lat_score

  type, bind(C), public :: lat_sampler_options
    integer(c_size_t) :: struct_size
    integer(c_int64_t) :: seed
    integer(c_int32_t) :: stream, reserved
    integer(c_int64_t) :: repeat_count
    real(c_double) :: repeat_share, sign_bias
    type(c_ptr) :: size_weights, task_weights, distribution_weights
    integer(c_int64_t) :: first, block, stride
    type(c_ptr) :: source
    integer(c_int32_t) :: source_in_order, reserved2
  end type lat_sampler_options

  !> Tokens of one side of a batch: lat_sequence() gives one of them.
  type, bind(C), public :: lat_sequences
    type(c_ptr) :: tokens, offsets
    integer(c_int64_t) :: count
  end type lat_sequences

  type, bind(C), public :: lat_loss_sum
    integer(c_size_t) :: struct_size
    real(c_double) :: loss
    integer(c_int64_t) :: tokens, correct_tokens, examples, correct_examples
  end type lat_loss_sum

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
    integer(c_int32_t) :: query_per_number, ffn, ffn_hash_bits, factored_head
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
    type(c_funptr) :: begin_reduce
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
    integer(c_int32_t) :: candidates, average
    type(c_funptr) :: cancel
    type(c_ptr) :: cancel_user
  end type lat_decode_options

  type, bind(C), public :: lat_report
    integer(c_size_t) :: struct_size
    real(c_double) :: residual, tolerance, orthogonality, log_probability, scale
    integer(c_int32_t) :: verdict, tokens, source, refine_steps
    real(c_double) :: residual_before, error_bound
    integer(c_int32_t) :: candidates, candidate, averaged, reserved
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

  type, bind(C), public :: lat_linear_certificate
    integer(c_size_t) :: struct_size
    integer(c_int64_t) :: features, rank
    real(c_double) :: lambda_min, lambda_max, residual, lost
    integer(c_int32_t) :: unique, heads
  end type lat_linear_certificate

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

    !> Functions of a custom task. They return 0; lat_array() gives the array of a matrix. Arrays are of
    !! as many operands, or results, as the task has. Drawing: the shapes of the operands.
    integer(c_int32_t) function lat_input_shape_function(rows, cols, random, user) bind(C)
      import :: c_int32_t, c_ptr
      integer(c_int32_t), intent(inout) :: rows(*), cols(*)
      type(c_ptr), value :: random, user
    end function lat_input_shape_function

    !> Shapes of the results; LAT_TASK_REJECT for operands that the task does not take.
    integer(c_int32_t) function lat_output_shape_function(rows, cols, input_rows, input_cols, user) bind(C)
      import :: c_int32_t, c_ptr
      integer(c_int32_t), intent(inout) :: rows(*), cols(*)
      integer(c_int32_t), intent(in) :: input_rows(*), input_cols(*)
      type(c_ptr), value :: user
    end function lat_output_shape_function

    !> Fills the operands; LAT_TASK_REJECT draws again.
    integer(c_int32_t) function lat_draw_function(input, random, user) bind(C)
      import :: c_int32_t, c_ptr, lat_matrix
      type(lat_matrix), intent(in) :: input(*)
      type(c_ptr), value :: random, user
    end function lat_draw_function

    !> Computes the results; LAT_TASK_REJECT draws other operands.
    integer(c_int32_t) function lat_answer_function(output, input, user) bind(C)
      import :: c_int32_t, c_ptr, lat_matrix
      type(lat_matrix), intent(in) :: output(*), input(*)
      type(c_ptr), value :: user
    end function lat_answer_function

    !> Relative residual of a prediction.
    integer(c_int32_t) function lat_residual_function(residual, input, target, prediction, user) bind(C)
      import :: c_int32_t, c_double, c_ptr, lat_matrix
      real(c_double), intent(out) :: residual
      type(lat_matrix), intent(in) :: input(*), target(*), prediction(*)
      type(c_ptr), value :: user
    end function lat_residual_function

    !> Moves matrices in place, operands to their canonical form and results back: `transform`, the
    !! address of transform_size bytes, goes from the first to the second.
    integer(c_int32_t) function lat_canonical_function(matrices, count, transform, user) bind(C)
      import :: c_int32_t, c_ptr, lat_matrix
      type(lat_matrix), intent(in) :: matrices(*)
      integer(c_int32_t), value :: count
      type(c_ptr), value :: transform, user
    end function lat_canonical_function

    !> The product y = A x of an operator of the host's; it returns 0, and is called from any thread that
    !! uses the operator.
    integer(c_int32_t) function lat_operator_function(y, x, size, user) bind(C)
      import :: c_int32_t, c_int64_t, c_double, c_ptr
      integer(c_int64_t), value :: size
      real(c_double), intent(out) :: y(size)
      real(c_double), intent(in) :: x(size)
      type(c_ptr), value :: user
    end function lat_operator_function
  end interface
  public :: lat_progress_function, lat_observe_function
  public :: lat_input_shape_function, lat_output_shape_function, lat_draw_function, lat_answer_function, &
    lat_residual_function, lat_canonical_function, lat_operator_function

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

    !> Draws of a custom task: uniform on [0, 1), normal, an integer of low..high.
    real(c_double) function lat_random_uniform(random) bind(C)
      import :: c_double, c_ptr
      type(c_ptr), value :: random
    end function lat_random_uniform

    real(c_double) function lat_random_normal(random) bind(C)
      import :: c_double, c_ptr
      type(c_ptr), value :: random
    end function lat_random_normal

    integer(c_int32_t) function lat_random_integer(random, low, high) bind(C)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: random
      integer(c_int32_t), value :: low, high
    end function lat_random_integer

    !> Bytes of a transform of lat_task_canonicalize().
    integer(c_size_t) function lat_task_transform_size(task) bind(C)
      import :: c_size_t, c_ptr
      type(c_ptr), value :: task
    end function lat_task_transform_size

    integer(c_int32_t) function lat_tokenizer_vocabulary_size(tokenizer, side) bind(C)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: tokenizer
      integer(c_int32_t), value :: side
    end function lat_tokenizer_vocabulary_size

    !> The most tokens that a matrix can take; 0 for a bad size.
    integer(c_size_t) function lat_tokenizer_max_tokens(tokenizer, side, rows, cols) bind(C)
      import :: c_int32_t, c_size_t, c_ptr
      type(c_ptr), value :: tokenizer
      integer(c_int32_t), value :: side, rows, cols
    end function lat_tokenizer_max_tokens

    integer(c_int32_t) function lat_batch_create(batch, tokenizer) bind(C)
      import :: c_int32_t, c_ptr
      type(c_ptr), intent(out) :: batch
      type(c_ptr), value :: tokenizer
    end function lat_batch_create

    subroutine lat_batch_free(batch) bind(C)
      import :: c_ptr
      type(c_ptr), value :: batch
    end subroutine lat_batch_free

    subroutine lat_batch_clear(batch) bind(C)
      import :: c_ptr
      type(c_ptr), value :: batch
    end subroutine lat_batch_clear

    integer(c_int64_t) function lat_batch_size(batch) bind(C)
      import :: c_int64_t, c_ptr
      type(c_ptr), value :: batch
    end function lat_batch_size

    !> The tokens of a side, borrowed until the batch changes.
    integer(c_int32_t) function lat_batch_sequences(sequences, batch, side) bind(C)
      import :: c_int32_t, c_ptr, lat_sequences
      type(lat_sequences), intent(out) :: sequences
      type(c_ptr), value :: batch
      integer(c_int32_t), value :: side
    end function lat_batch_sequences

    !> Matrices of an example; examples and matrices count from 0, as in C.
    integer(c_int32_t) function lat_batch_operand_count(batch, side, index) bind(C)
      import :: c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: batch
      integer(c_int32_t), value :: side
      integer(c_int64_t), value :: index
    end function lat_batch_operand_count

    !> A matrix of an example, for lat_array(); borrowed until the batch changes.
    integer(c_int32_t) function lat_batch_operand(matrix, batch, side, index, operand) bind(C)
      import :: c_int32_t, c_int64_t, c_ptr, lat_matrix
      type(lat_matrix), intent(out) :: matrix
      type(c_ptr), value :: batch
      integer(c_int32_t), value :: side, operand
      integer(c_int64_t), value :: index
    end function lat_batch_operand

    integer(c_int32_t) function lat_batch_component(batch, index) bind(C)
      import :: c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: batch
      integer(c_int64_t), value :: index
    end function lat_batch_component

    subroutine lat_sampler_free(sampler) bind(C)
      import :: c_ptr
      type(c_ptr), value :: sampler
    end subroutine lat_sampler_free

    !> Replaces a batch's contents by the next examples.
    integer(c_int32_t) function lat_sampler_next(batch, sampler, count) bind(C)
      import :: c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: batch, sampler
      integer(c_int64_t), value :: count
    end function lat_sampler_next

    integer(c_int64_t) function lat_sampler_position(sampler) bind(C)
      import :: c_int64_t, c_ptr
      type(c_ptr), value :: sampler
    end function lat_sampler_position

    subroutine lat_sampler_seek(sampler, index) bind(C)
      import :: c_int64_t, c_ptr
      type(c_ptr), value :: sampler
      integer(c_int64_t), value :: index
    end subroutine lat_sampler_seek

    !> Takes the gradients of lat_gradients_map() back.
    integer(c_int32_t) function lat_gradients_commit(gradients) bind(C)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: gradients
    end function lat_gradients_commit

    !> Takes the parameters of lat_model_map() back.
    integer(c_int32_t) function lat_model_commit(model) bind(C)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: model
    end function lat_model_commit

    !> Adds a batch's loss to a sum that lat_init() has made zero.
    integer(c_int32_t) function lat_model_loss(sum, model, batch) bind(C)
      import :: c_int32_t, c_ptr, lat_loss_sum
      type(lat_loss_sum), intent(inout) :: sum
      type(c_ptr), value :: model, batch
    end function lat_model_loss

    integer(c_int32_t) function lat_loss_sum_add(sum, other) bind(C)
      import :: c_int32_t, lat_loss_sum
      type(lat_loss_sum), intent(inout) :: sum
      type(lat_loss_sum), intent(in) :: other
    end function lat_loss_sum_add

    integer(c_int32_t) function lat_gradients_create(gradients, model) bind(C)
      import :: c_int32_t, c_ptr
      type(c_ptr), intent(out) :: gradients
      type(c_ptr), value :: model
    end function lat_gradients_create

    subroutine lat_gradients_free(gradients) bind(C)
      import :: c_ptr
      type(c_ptr), value :: gradients
    end subroutine lat_gradients_free

    subroutine lat_gradients_zero(gradients) bind(C)
      import :: c_ptr
      type(c_ptr), value :: gradients
    end subroutine lat_gradients_zero

    subroutine lat_gradients_seek(gradients, pass) bind(C)
      import :: c_int64_t, c_ptr
      type(c_ptr), value :: gradients
      integer(c_int64_t), value :: pass
    end subroutine lat_gradients_seek

    integer(c_int32_t) function lat_gradients_set_target_spread(gradients, width) bind(C)
      import :: c_int32_t, c_double, c_ptr
      type(c_ptr), value :: gradients
      real(c_double), value :: width
    end function lat_gradients_set_target_spread

    !> Adds the gradient of the sum of a batch's token losses, and the loss to a sum.
    integer(c_int32_t) function lat_gradients_accumulate(gradients, sum, model, batch) bind(C)
      import :: c_int32_t, c_ptr, lat_loss_sum
      type(c_ptr), value :: gradients, model, batch
      type(lat_loss_sum), intent(inout) :: sum
    end function lat_gradients_accumulate

    subroutine lat_optimizer_free(optimizer) bind(C)
      import :: c_ptr
      type(c_ptr), value :: optimizer
    end subroutine lat_optimizer_free

    !> One update; gradients and sum are zero afterwards.
    integer(c_int32_t) function lat_optimizer_step(optimizer, model, gradients, sum) bind(C)
      import :: c_int32_t, c_ptr, lat_loss_sum
      type(c_ptr), value :: optimizer, model, gradients
      type(lat_loss_sum), intent(inout) :: sum
    end function lat_optimizer_step

    integer(c_int32_t) function lat_optimizer_swap_average(optimizer, model) bind(C)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: optimizer, model
    end function lat_optimizer_swap_average

    integer(c_int64_t) function lat_optimizer_updates(optimizer) bind(C)
      import :: c_int64_t, c_ptr
      type(c_ptr), value :: optimizer
    end function lat_optimizer_updates

    real(c_double) function lat_optimizer_learning_rate(optimizer) bind(C)
      import :: c_double, c_ptr
      type(c_ptr), value :: optimizer
    end function lat_optimizer_learning_rate

    real(c_double) function lat_optimizer_gradient_norm(optimizer) bind(C)
      import :: c_double, c_ptr
      type(c_ptr), value :: optimizer
    end function lat_optimizer_gradient_norm

    subroutine lat_session_free(session) bind(C)
      import :: c_ptr
      type(c_ptr), value :: session
    end subroutine lat_session_free

    !> Tokens of the answers to a batch's inputs, borrowed until the next call.
    integer(c_int32_t) function lat_session_decode(sequences, session, batch) bind(C)
      import :: c_int32_t, c_ptr, lat_sequences
      type(lat_sequences), intent(out) :: sequences
      type(c_ptr), value :: session, batch
    end function lat_session_decode

    integer(c_int32_t) function lat_trainer_checkpoint(trainer) bind(C)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: trainer
    end function lat_trainer_checkpoint

    subroutine lat_solver_free(solver) bind(C)
      import :: c_ptr
      type(c_ptr), value :: solver
    end subroutine lat_solver_free

    subroutine lat_operator_free(operator) bind(C)
      import :: c_ptr
      type(c_ptr), value :: operator
    end subroutine lat_operator_free

    integer(c_int64_t) function lat_operator_size(operator) bind(C)
      import :: c_int64_t, c_ptr
      type(c_ptr), value :: operator
    end function lat_operator_size

    !> A symmetric matrix of one value on the diagonal and one beside it.
    integer(c_int32_t) function lat_operator_create_tridiagonal(operator, ctx, diagonal, neighbour, size) bind(C)
      import :: c_int32_t, c_int64_t, c_double, c_ptr
      type(c_ptr), intent(out) :: operator
      type(c_ptr), value :: ctx
      real(c_double), value :: diagonal, neighbour
      integer(c_int64_t), value :: size
    end function lat_operator_create_tridiagonal

    !> function: c_funloc of a lat_operator_function(); user: an address that it is given, or c_null_ptr.
    integer(c_int32_t) function lat_operator_create_function(operator, ctx, function, user, size) bind(C)
      import :: c_int32_t, c_int64_t, c_funptr, c_ptr
      type(c_ptr), intent(out) :: operator
      type(c_ptr), value :: ctx, user
      type(c_funptr), value :: function
      integer(c_int64_t), value :: size
    end function lat_operator_create_function

    integer(c_int32_t) function lat_operator_log_determinant(logarithm, sign, operator) bind(C)
      import :: c_int32_t, c_double, c_ptr
      real(c_double), intent(out) :: logarithm
      integer(c_int32_t), intent(out) :: sign
      type(c_ptr), value :: operator
    end function lat_operator_log_determinant

    integer(c_int32_t) function lat_linear_create(stack, ctx, layers, heads, width) bind(C)
      import :: c_int32_t, c_ptr
      type(c_ptr), intent(out) :: stack
      type(c_ptr), value :: ctx
      integer(c_int32_t), value :: layers, heads, width
    end function lat_linear_create

    subroutine lat_linear_free(stack) bind(C)
      import :: c_ptr
      type(c_ptr), value :: stack
    end subroutine lat_linear_free

    integer(c_size_t) function lat_linear_size(stack) bind(C)
      import :: c_size_t, c_ptr
      type(c_ptr), value :: stack
    end function lat_linear_size

    !> A matrix of a layer, for lat_array(), that may be written; layers and heads count from 0, as in C.
    integer(c_int32_t) function lat_linear_matrix(matrix, stack, layer, head, which) bind(C)
      import :: c_int32_t, c_ptr, lat_matrix
      type(lat_matrix), intent(out) :: matrix
      type(c_ptr), value :: stack
      integer(c_int32_t), value :: layer, head, which
    end function lat_linear_matrix
  end interface
  public :: lat_version_number, lat_context_free, lat_tokenizer_free, lat_task_free, &
    lat_task_output_shape, lat_task_operand_count, lat_task_result_count, lat_task_get_options, &
    lat_tokenizer_get_options, lat_model_get_options, &
    lat_model_freeze, lat_model_free, lat_model_task, lat_model_load_memory, &
    lat_model_parameter_count, lat_trainer_create, lat_trainer_resume, lat_trainer_run, &
    lat_trainer_progress, lat_trainer_free, lat_solver_free
  public :: lat_random_uniform, lat_random_normal, lat_random_integer, lat_task_transform_size, &
    lat_tokenizer_vocabulary_size, lat_tokenizer_max_tokens, lat_batch_create, lat_batch_free, &
    lat_batch_clear, lat_batch_size, lat_batch_sequences, lat_batch_operand_count, lat_batch_operand, &
    lat_batch_component, lat_sampler_free, lat_sampler_next, lat_sampler_position, lat_sampler_seek, &
    lat_model_commit, lat_model_loss, lat_loss_sum_add, lat_gradients_create, lat_gradients_commit, lat_gradients_free, &
    lat_gradients_zero, lat_gradients_seek, lat_gradients_set_target_spread, lat_gradients_accumulate, &
    lat_optimizer_free, lat_optimizer_step, lat_optimizer_swap_average, lat_optimizer_updates, &
    lat_optimizer_learning_rate, lat_optimizer_gradient_norm, lat_session_free, lat_session_decode, &
    lat_trainer_checkpoint
  public :: lat_operator_free, lat_operator_size, lat_operator_create_tridiagonal, lat_operator_create_function, &
    lat_operator_log_determinant, lat_linear_create, lat_linear_free, lat_linear_size, lat_linear_matrix

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

    integer(c_int32_t) function c_task_create_custom(task, ctx, functions, user) &
      bind(C, name='lat_task_create_custom')
      import :: c_int32_t, c_ptr, lat_task_functions
      type(c_ptr), intent(out) :: task
      type(c_ptr), value :: ctx, user
      type(lat_task_functions), intent(in) :: functions
    end function c_task_create_custom

    integer(c_int32_t) function c_task_score_operands(score, task, operands, operand_count, targets, &
      predictions, result_count, options) bind(C, name='lat_task_score_operands')
      import :: c_int32_t, c_ptr, lat_matrix, lat_score
      type(lat_score), intent(inout) :: score
      type(c_ptr), value :: task, targets, options
      integer(c_int32_t), value :: operand_count, result_count
      type(lat_matrix), intent(in) :: operands(*), predictions(*)
    end function c_task_score_operands

    integer(c_int32_t) function c_task_canonicalize(canonical, operand_count, transform, task, operands) &
      bind(C, name='lat_task_canonicalize')
      import :: c_int32_t, c_ptr, lat_matrix
      type(lat_matrix), intent(inout) :: canonical(*)
      integer(c_int32_t), value :: operand_count
      type(c_ptr), value :: transform, task
      type(lat_matrix), intent(in) :: operands(*)
    end function c_task_canonicalize

    integer(c_int32_t) function c_task_restore(results, result_count, task, transform, canonical) &
      bind(C, name='lat_task_restore')
      import :: c_int32_t, c_ptr, lat_matrix
      type(lat_matrix), intent(inout) :: results(*)
      integer(c_int32_t), value :: result_count
      type(c_ptr), value :: task, transform
      type(lat_matrix), intent(in) :: canonical(*)
    end function c_task_restore

    integer(c_int32_t) function c_tokenizer_encode(tokens, capacity, count, tokenizer, side, letter, &
      matrix) bind(C, name='lat_tokenizer_encode')
      import :: c_int32_t, c_size_t, c_ptr, lat_matrix
      integer(c_int32_t), intent(inout) :: tokens(*)
      integer(c_size_t), value :: capacity
      integer(c_size_t), intent(out) :: count
      type(c_ptr), value :: tokenizer
      integer(c_int32_t), value :: side, letter
      type(lat_matrix), intent(in) :: matrix
    end function c_tokenizer_encode

    integer(c_int32_t) function c_tokenizer_decode(matrix, capacity, letter, used, tokenizer, side, tokens, &
      count) bind(C, name='lat_tokenizer_decode')
      import :: c_int32_t, c_size_t, c_ptr, lat_matrix
      type(lat_matrix), intent(inout) :: matrix
      integer(c_size_t), value :: capacity, count
      integer(c_int32_t), intent(out) :: letter
      integer(c_size_t), intent(out) :: used
      type(c_ptr), value :: tokenizer
      integer(c_int32_t), value :: side
      integer(c_int32_t), intent(in) :: tokens(*)
    end function c_tokenizer_decode

    integer(c_int32_t) function c_tokenizer_symbol(text, size, tokenizer, side, token) &
      bind(C, name='lat_tokenizer_symbol')
      import :: c_int32_t, c_size_t, c_ptr
      type(c_ptr), value :: text, tokenizer
      integer(c_size_t), value :: size
      integer(c_int32_t), value :: side, token
    end function c_tokenizer_symbol

    integer(c_int32_t) function c_batch_append(batch, letter, task, operands, operand_count, results, &
      result_count) bind(C, name='lat_batch_append_operands')
      import :: c_int32_t, c_ptr, lat_matrix
      type(c_ptr), value :: batch, task, results
      integer(c_int32_t), value :: letter, operand_count, result_count
      type(lat_matrix), intent(in) :: operands(*)
    end function c_batch_append

    integer(c_int32_t) function c_sampler_create(sampler, task, tokenizer, options) &
      bind(C, name='lat_sampler_create')
      import :: c_int32_t, c_ptr
      type(c_ptr), intent(out) :: sampler
      type(c_ptr), value :: task, tokenizer, options
    end function c_sampler_create

    type(c_ptr) function c_model_parameters(model) bind(C, name='lat_model_parameters')
      import :: c_ptr
      type(c_ptr), value :: model
    end function c_model_parameters

    integer(c_int32_t) function c_model_map(parameters, model) bind(C, name='lat_model_map')
      import :: c_int32_t, c_ptr
      type(c_ptr), intent(out) :: parameters
      type(c_ptr), value :: model
    end function c_model_map

    integer(c_int32_t) function c_gradients_map(values, gradients) bind(C, name='lat_gradients_map')
      import :: c_int32_t, c_ptr
      type(c_ptr), intent(out) :: values
      type(c_ptr), value :: gradients
    end function c_gradients_map

    integer(c_size_t) function c_gradients_size(gradients) bind(C, name='lat_gradients_size')
      import :: c_size_t, c_ptr
      type(c_ptr), value :: gradients
    end function c_gradients_size

    integer(c_int32_t) function c_optimizer_create(optimizer, model, options) &
      bind(C, name='lat_optimizer_create')
      import :: c_int32_t, c_ptr
      type(c_ptr), intent(out) :: optimizer
      type(c_ptr), value :: model, options
    end function c_optimizer_create

    integer(c_int32_t) function c_optimizer_save(optimizer, model, path) bind(C, name='lat_optimizer_save')
      import :: c_int32_t, c_ptr, c_char
      type(c_ptr), value :: optimizer, model
      character(kind=c_char), intent(in) :: path(*)
    end function c_optimizer_save

    integer(c_int32_t) function c_optimizer_load(optimizer, model, path) bind(C, name='lat_optimizer_load')
      import :: c_int32_t, c_ptr, c_char
      type(c_ptr), value :: optimizer, model
      character(kind=c_char), intent(in) :: path(*)
    end function c_optimizer_load

    integer(c_int32_t) function c_session_create(session, model, options) &
      bind(C, name='lat_session_create')
      import :: c_int32_t, c_ptr
      type(c_ptr), intent(out) :: session
      type(c_ptr), value :: model, options
    end function c_session_create

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

    integer(c_int32_t) function c_model_copy_parameters(model, from, prefix) &
      bind(C, name='lat_model_copy_parameters')
      import :: c_int32_t, c_ptr, c_char
      type(c_ptr), value :: model, from
      character(kind=c_char), intent(in) :: prefix(*)
    end function c_model_copy_parameters

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

    subroutine c_functions_init(options, size) bind(C, name='lat_task_functions_init_sized')
      import :: c_size_t, lat_task_functions
      type(lat_task_functions), intent(out) :: options
      integer(c_size_t), value :: size
    end subroutine c_functions_init

    subroutine c_scoring_init(options, size) bind(C, name='lat_score_options_init_sized')
      import :: c_size_t, lat_score_options
      type(lat_score_options), intent(out) :: options
      integer(c_size_t), value :: size
    end subroutine c_scoring_init

    subroutine c_score_init(score, size) bind(C, name='lat_score_init_sized')
      import :: c_size_t, lat_score
      type(lat_score), intent(out) :: score
      integer(c_size_t), value :: size
    end subroutine c_score_init

    subroutine c_sampler_init(options, size) bind(C, name='lat_sampler_options_init_sized')
      import :: c_size_t, lat_sampler_options
      type(lat_sampler_options), intent(out) :: options
      integer(c_size_t), value :: size
    end subroutine c_sampler_init

    subroutine c_sum_init(sum, size) bind(C, name='lat_loss_sum_init_sized')
      import :: c_size_t, lat_loss_sum
      type(lat_loss_sum), intent(out) :: sum
      integer(c_size_t), value :: size
    end subroutine c_sum_init

    integer(c_int32_t) function c_operator_dense(operator, ctx, a) bind(C, name='lat_operator_create_dense')
      import :: c_int32_t, c_ptr, lat_matrix
      type(c_ptr), intent(out) :: operator
      type(c_ptr), value :: ctx
      type(lat_matrix), intent(in) :: a
    end function c_operator_dense

    integer(c_int32_t) function c_operator_learned(operator, report, solver, a) &
      bind(C, name='lat_operator_create_learned')
      import :: c_int32_t, c_ptr, lat_matrix, lat_report
      type(c_ptr), intent(out) :: operator
      type(lat_report), intent(inout) :: report
      type(c_ptr), value :: solver
      type(lat_matrix), intent(in) :: a
    end function c_operator_learned

    integer(c_int32_t) function c_operator_low_rank(operator, base, u, v) &
      bind(C, name='lat_operator_create_low_rank')
      import :: c_int32_t, c_ptr, lat_matrix
      type(c_ptr), intent(out) :: operator
      type(c_ptr), value :: base
      type(lat_matrix), intent(in) :: u, v
    end function c_operator_low_rank

    integer(c_int32_t) function c_operator_diagonal(operator, ctx, values, size) &
      bind(C, name='lat_operator_create_diagonal')
      import :: c_int32_t, c_int64_t, c_double, c_ptr
      type(c_ptr), intent(out) :: operator
      type(c_ptr), value :: ctx
      real(c_double), intent(in) :: values(*)
      integer(c_int64_t), value :: size
    end function c_operator_diagonal

    integer(c_int32_t) function c_operator_circulant(operator, ctx, values, size) &
      bind(C, name='lat_operator_create_circulant')
      import :: c_int32_t, c_int64_t, c_double, c_ptr
      type(c_ptr), intent(out) :: operator
      type(c_ptr), value :: ctx
      real(c_double), intent(in) :: values(*)
      integer(c_int64_t), value :: size
    end function c_operator_circulant

    integer(c_int32_t) function c_operator_kronecker(operator, parts, count) &
      bind(C, name='lat_operator_create_kronecker')
      import :: c_int32_t, c_ptr
      type(c_ptr), intent(out) :: operator
      type(c_ptr), intent(in) :: parts(*)
      integer(c_int32_t), value :: count
    end function c_operator_kronecker

    integer(c_int32_t) function c_operator_kronecker_sum(operator, parts, count) &
      bind(C, name='lat_operator_create_kronecker_sum')
      import :: c_int32_t, c_ptr
      type(c_ptr), intent(out) :: operator
      type(c_ptr), intent(in) :: parts(*)
      integer(c_int32_t), value :: count
    end function c_operator_kronecker_sum

    integer(c_int32_t) function c_operator_block_diagonal(operator, parts, count) &
      bind(C, name='lat_operator_create_block_diagonal')
      import :: c_int32_t, c_ptr
      type(c_ptr), intent(out) :: operator
      type(c_ptr), intent(in) :: parts(*)
      integer(c_int32_t), value :: count
    end function c_operator_block_diagonal

    integer(c_int32_t) function c_operator_apply(y, operator, x, count) bind(C, name='lat_operator_apply')
      import :: c_int32_t, c_int64_t, c_double, c_ptr
      real(c_double), intent(inout) :: y(*)
      type(c_ptr), value :: operator
      real(c_double), intent(in) :: x(*)
      integer(c_int64_t), value :: count
    end function c_operator_apply

    integer(c_int32_t) function c_operator_solve(y, operator, x, count) bind(C, name='lat_operator_solve')
      import :: c_int32_t, c_int64_t, c_double, c_ptr
      real(c_double), intent(inout) :: y(*)
      type(c_ptr), value :: operator
      real(c_double), intent(in) :: x(*)
      integer(c_int64_t), value :: count
    end function c_operator_solve

    integer(c_int32_t) function c_operator_eigenvalues(real_parts, imaginary_parts, operator) &
      bind(C, name='lat_operator_eigenvalues')
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: real_parts, imaginary_parts, operator
    end function c_operator_eigenvalues

    integer(c_int32_t) function c_conjugate_gradients(x, steps, residual, a, precondition, b, tolerance, &
      max_steps) bind(C, name='lat_operator_conjugate_gradients')
      import :: c_int32_t, c_double, c_ptr
      real(c_double), intent(inout) :: x(*)
      integer(c_int32_t), intent(out) :: steps
      real(c_double), intent(out) :: residual
      type(c_ptr), value :: a, precondition
      real(c_double), intent(in) :: b(*)
      real(c_double), value :: tolerance
      integer(c_int32_t), value :: max_steps
    end function c_conjugate_gradients

    type(c_ptr) function c_linear_parameters(stack) bind(C, name='lat_linear_parameters')
      import :: c_ptr
      type(c_ptr), value :: stack
    end function c_linear_parameters

    integer(c_int32_t) function c_linear_apply(z, stack, tokens, context) bind(C, name='lat_linear_apply')
      import :: c_int32_t, c_int64_t, c_double, c_ptr
      real(c_double), intent(inout) :: z(*)
      type(c_ptr), value :: stack
      integer(c_int64_t), value :: tokens, context
    end function c_linear_apply

    integer(c_int32_t) function c_linear_gradient(d_parameters, d_z, stack, z, d_out, tokens, context) &
      bind(C, name='lat_linear_gradient')
      import :: c_int32_t, c_int64_t, c_double, c_ptr
      real(c_double), intent(inout) :: d_parameters(*), d_z(*)
      type(c_ptr), value :: stack
      real(c_double), intent(in) :: z(*), d_out(*)
      integer(c_int64_t), value :: tokens, context
    end function c_linear_gradient

    integer(c_int32_t) function c_linear_set_descent(stack, w0, rate, examples) &
      bind(C, name='lat_linear_set_descent')
      import :: c_int32_t, c_int64_t, c_double, c_ptr, lat_matrix
      type(c_ptr), value :: stack
      type(lat_matrix), intent(in) :: w0
      real(c_double), value :: rate
      integer(c_int64_t), value :: examples
    end function c_linear_set_descent

    integer(c_int32_t) function c_linear_fit(stack, certificate, z, y, examples, tokens, context, outputs) &
      bind(C, name='lat_linear_fit')
      import :: c_int32_t, c_int64_t, c_double, c_ptr, lat_linear_certificate
      type(c_ptr), value :: stack
      type(lat_linear_certificate), intent(inout) :: certificate
      real(c_double), intent(in) :: z(*), y(*)
      integer(c_int64_t), value :: examples, tokens, context
      integer(c_int32_t), value :: outputs
    end function c_linear_fit

    subroutine c_certificate_init(certificate, size) bind(C, name='lat_linear_certificate_init_sized')
      import :: c_size_t, lat_linear_certificate
      type(lat_linear_certificate), intent(out) :: certificate
      integer(c_size_t), value :: size
    end subroutine c_certificate_init
  end interface

  !> Fills a structure with its defaults: the init macros of C.
  interface lat_init
    module procedure init_context, init_tokenizer, init_task, init_model, init_optimizer, &
      init_trainer, init_progress, init_decode, init_report, init_evaluate, init_diagnosis, &
      init_functions, init_scoring, init_score, init_sampler, init_sum, init_certificate
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

  !> Products with an operator, y = A x, of one vector, or of the columns of matrices. y and x are
  !! different arrays.
  interface lat_operator_apply
    module procedure apply_vector, apply_columns
  end interface lat_operator_apply

  !> Solutions of A x = b, as lat_operator_apply().
  interface lat_operator_solve
    module procedure solve_operator_vector, solve_operator_columns
  end interface lat_operator_solve

  !> All eigenvalues, ascending by real part, then by imaginary part; without imaginary parts it is
  !! LAT_ERROR_NUMERIC if one is not real.
  interface lat_operator_eigenvalues
    module procedure real_eigenvalues, complex_eigenvalues
  end interface lat_operator_eigenvalues
  public :: lat_operator_apply, lat_operator_solve, lat_operator_eigenvalues
  public :: lat_operator_create_dense, lat_operator_create_learned, lat_operator_create_diagonal, &
    lat_operator_create_circulant, lat_operator_create_kronecker, lat_operator_create_kronecker_sum, &
    lat_operator_create_block_diagonal, lat_operator_create_low_rank, lat_operator_conjugate_gradients
  public :: lat_linear_parameters, lat_linear_apply, lat_linear_gradient, lat_linear_set_descent, lat_linear_fit

  public :: lat_error_message, lat_status_name, lat_version_string, lat_text, lat_view
  public :: lat_context_create, lat_tokenizer_create, lat_task_answer, lat_task_answer_operands
  public :: lat_task_result_shapes, lat_solver_solve_operands
  public :: lat_model_create, lat_model_load, lat_model_save
  public :: lat_model_load_named, lat_model_create_from, lat_model_copy_parameters, lat_model_folder
  public :: lat_solver_create, lat_solver_select, lat_solver_solve, lat_evaluate
  public :: lat_array, lat_task_create_custom, lat_task_score_operands, lat_task_canonicalize, lat_task_restore
  public :: lat_tokenizer_encode, lat_tokenizer_decode, lat_tokenizer_symbol
  public :: lat_batch_append_operands, lat_sequence, lat_sampler_create
  public :: lat_model_parameters, lat_model_map, lat_gradients_map
  public :: lat_optimizer_create, lat_optimizer_save, lat_optimizer_load, lat_session_create

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

  !> The array of a view, as of a custom task's callbacks and of batches: a(i, j) is row i and column j
  !! of a column-major matrix, row j and column i of a row-major one, which those are.
  function lat_array(view) result(a)
    type(lat_matrix), intent(in) :: view
    real(c_double), pointer :: a(:, :)
    if (view%order == LAT_ROW_MAJOR) then
      call c_f_pointer(view%data, a, [view%ld, view%rows])
      a => a(:view%cols, :)
    else
      call c_f_pointer(view%data, a, [view%ld, view%cols])
      a => a(:view%rows, :)
    end if
  end function lat_array

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

  !> A task by functions of the host's, which are copied. user: an address that they are given.
  integer(c_int32_t) function lat_task_create_custom(task, ctx, functions, user) result(status)
    type(c_ptr), intent(out) :: task
    type(c_ptr), intent(in) :: ctx
    type(lat_task_functions), intent(in) :: functions
    type(c_ptr), intent(in), optional :: user
    type(c_ptr) :: given
    given = c_null_ptr
    if (present(user)) given = user
    status = c_task_create_custom(task, ctx, functions, given)
  end function lat_task_create_custom

  !> The relative residual of predictions, and more. targets: absent: they are computed.
  integer(c_int32_t) function lat_task_score_operands(score, task, operands, predictions, targets, options) &
    result(status)
    type(lat_score), intent(out) :: score
    type(c_ptr), intent(in) :: task
    type(lat_matrix), intent(in) :: operands(:), predictions(:)
    type(lat_matrix), intent(in), optional, contiguous, target :: targets(:)
    type(lat_score_options), intent(in), optional, target :: options
    type(c_ptr) :: given_targets, given_options
    integer(c_int32_t) :: count
    call lat_init(score)
    count = size(predictions, kind=c_int32_t)
    given_targets = c_null_ptr
    given_options = c_null_ptr
    if (present(targets)) then
      if (size(targets) /= size(predictions)) count = 0 ! which C refuses
      if (size(targets) > 0) given_targets = c_loc(targets)
    end if
    if (present(options)) given_options = c_loc(options)
    status = c_task_score_operands(score, task, operands, size(operands, kind=c_int32_t), given_targets, &
      predictions, count, given_options)
  end function lat_task_score_operands

  !> Moves operands to their canonical form, of views of arrays that have room for it; the views tell
  !! its shapes and order afterwards. transform: an array of lat_task_transform_size() bytes.
  integer(c_int32_t) function lat_task_canonicalize(canonical, transform, task, operands) result(status)
    type(lat_matrix), intent(inout) :: canonical(:)
    integer(c_int64_t), intent(inout), contiguous, target :: transform(:)
    type(c_ptr), intent(in) :: task
    type(lat_matrix), intent(in) :: operands(:)
    integer(c_int32_t) :: count
    count = size(operands, kind=c_int32_t)
    if (size(canonical) /= size(operands)) count = 0
    if (8 * size(transform, kind=c_size_t) < lat_task_transform_size(task)) count = 0
    status = c_task_canonicalize(canonical, count, c_loc(transform), task, operands)
  end function lat_task_canonicalize

  !> Moves the answer to a canonical form back to the answer to the operands.
  integer(c_int32_t) function lat_task_restore(results, task, transform, canonical) result(status)
    type(lat_matrix), intent(inout) :: results(:)
    type(c_ptr), intent(in) :: task
    integer(c_int64_t), intent(in), contiguous, target :: transform(:)
    type(lat_matrix), intent(in) :: canonical(:)
    integer(c_int32_t) :: count
    count = size(results, kind=c_int32_t)
    if (size(canonical) /= size(results)) count = 0
    if (8 * size(transform, kind=c_size_t) < lat_task_transform_size(task)) count = 0
    status = c_task_restore(results, count, task, c_loc(transform), canonical)
  end function lat_task_restore

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

  ! Tokens, batches, samplers

  !> Writes a matrix, as lat_view() gives it, as tokens. letter: to be put in front, as 'T'.
  integer(c_int32_t) function lat_tokenizer_encode(tokens, tokenizer, side, matrix, letter) result(status)
    integer(c_int32_t), allocatable, intent(out) :: tokens(:)
    type(c_ptr), intent(in) :: tokenizer
    integer(c_int32_t), intent(in) :: side
    type(lat_matrix), intent(in) :: matrix
    character, intent(in), optional :: letter
    integer(c_int32_t), allocatable :: room(:)
    integer(c_int32_t) :: code
    integer(c_size_t) :: count
    code = 0
    if (present(letter)) code = iachar(letter, c_int32_t)
    allocate (room(lat_tokenizer_max_tokens(tokenizer, side, matrix%rows, matrix%cols)))
    status = c_tokenizer_encode(room, size(room, kind=c_size_t), count, tokenizer, side, code, matrix)
    if (status == LAT_OK) tokens = room(:count)
  end function lat_tokenizer_encode

  !> Reads a matrix of tokens: x(i, j) is row i and column j.
  integer(c_int32_t) function lat_tokenizer_decode(x, tokenizer, side, tokens) result(status)
    real(c_double), allocatable, intent(out) :: x(:, :)
    type(c_ptr), intent(in) :: tokenizer
    integer(c_int32_t), intent(in) :: side, tokens(:)
    real(c_double), allocatable, target :: room(:)
    type(lat_matrix) :: matrix
    integer(c_int32_t) :: letter
    integer(c_size_t) :: used
    allocate (room(100 * 100)) ! the largest matrix
    matrix = lat_view(room)
    status = c_tokenizer_decode(matrix, size(room, kind=c_size_t), letter, used, tokenizer, side, tokens, &
      size(tokens, kind=c_size_t))
    if (status == LAT_OK) x = reshape(room(:matrix%rows * matrix%cols), [matrix%rows, matrix%cols])
  end function lat_tokenizer_decode

  !> The text of a token; empty where there is none.
  function lat_tokenizer_symbol(tokenizer, side, token) result(text)
    type(c_ptr), intent(in) :: tokenizer
    integer(c_int32_t), intent(in) :: side, token
    character(len=:), allocatable :: text
    character(kind=c_char), target :: room(16)
    text = ''
    if (c_tokenizer_symbol(c_loc(room), size(room, kind=c_size_t), tokenizer, side, token) == LAT_OK) &
      text = fortran_text(c_loc(room))
  end function lat_tokenizer_symbol

  !> Tokens of one of several sequences, which count from 0; borrowed as these are.
  function lat_sequence(sequences, index) result(tokens)
    type(lat_sequences), intent(in) :: sequences
    integer(c_int64_t), intent(in) :: index
    integer(c_int32_t), pointer :: tokens(:)
    integer(c_int32_t), pointer :: all_tokens(:)
    integer(c_int64_t), pointer :: offsets(:)
    call c_f_pointer(sequences%offsets, offsets, [sequences%count + 1])
    call c_f_pointer(sequences%tokens, all_tokens, [offsets(sequences%count + 1)])
    tokens => all_tokens(offsets(index + 1) + 1:offsets(index + 2))
  end function lat_sequence

  !> Appends an example of the caller's. results: absent where it is to be answered.
  integer(c_int32_t) function lat_batch_append_operands(batch, task, operands, results, letter) &
    result(status)
    type(c_ptr), intent(in) :: batch, task
    type(lat_matrix), intent(in) :: operands(:)
    type(lat_matrix), intent(in), optional, contiguous, target :: results(:)
    character, intent(in), optional :: letter
    type(c_ptr) :: given
    integer(c_int32_t) :: code, count
    code = 0
    if (present(letter)) code = iachar(letter, c_int32_t)
    given = c_null_ptr
    count = 0
    if (present(results)) then
      count = size(results, kind=c_int32_t)
      if (count > 0) given = c_loc(results)
    end if
    status = c_batch_append(batch, code, task, operands, size(operands, kind=c_int32_t), given, count)
  end function lat_batch_append_operands

  integer(c_int32_t) function lat_sampler_create(sampler, task, tokenizer, options) result(status)
    type(c_ptr), intent(out) :: sampler
    type(c_ptr), intent(in) :: task, tokenizer
    type(lat_sampler_options), intent(in), optional, target :: options
    type(c_ptr) :: given
    given = c_null_ptr
    if (present(options)) given = c_loc(options)
    status = c_sampler_create(sampler, task, tokenizer, given)
  end function lat_sampler_create

  ! Models and training loops

  !> All parameters, to be read; they live as long as the model.
  function lat_model_parameters(model) result(parameters)
    type(c_ptr), intent(in) :: model
    real(c_float), pointer, contiguous :: parameters(:)
    call c_f_pointer(c_model_parameters(model), parameters, [lat_model_parameter_count(model)])
  end function lat_model_parameters

  !> Lends all parameters for writing, until lat_model_commit().
  integer(c_int32_t) function lat_model_map(parameters, model) result(status)
    real(c_float), pointer, contiguous, intent(out) :: parameters(:)
    type(c_ptr), intent(in) :: model
    type(c_ptr) :: address
    nullify (parameters)
    status = c_model_map(address, model)
    if (status == LAT_OK) call c_f_pointer(address, parameters, [lat_model_parameter_count(model)])
  end function lat_model_map

  !> Lends the gradients, laid out as the parameters, for reading and writing, until lat_gradients_commit().
  integer(c_int32_t) function lat_gradients_map(values, gradients) result(status)
    real(c_float), pointer, contiguous, intent(out) :: values(:)
    type(c_ptr), intent(in) :: gradients
    type(c_ptr) :: address
    nullify (values)
    status = c_gradients_map(address, gradients)
    if (status == LAT_OK) call c_f_pointer(address, values, [c_gradients_size(gradients)])
  end function lat_gradients_map

  integer(c_int32_t) function lat_optimizer_create(optimizer, model, options) result(status)
    type(c_ptr), intent(out) :: optimizer
    type(c_ptr), intent(in) :: model
    type(lat_optimizer_options), intent(in), optional, target :: options
    type(c_ptr) :: given
    given = c_null_ptr
    if (present(options)) given = c_loc(options)
    status = c_optimizer_create(optimizer, model, given)
  end function lat_optimizer_create

  !> The checkpoint of a loop of one's own: model, moments, average, number of updates.
  integer(c_int32_t) function lat_optimizer_save(optimizer, model, path) result(status)
    type(c_ptr), intent(in) :: optimizer, model
    character(len=*), intent(in) :: path
    status = c_optimizer_save(optimizer, model, lat_text(path))
  end function lat_optimizer_save

  integer(c_int32_t) function lat_optimizer_load(optimizer, model, path) result(status)
    type(c_ptr), intent(in) :: optimizer, model
    character(len=*), intent(in) :: path
    status = c_optimizer_load(optimizer, model, lat_text(path))
  end function lat_optimizer_load

  integer(c_int32_t) function lat_session_create(session, model, options) result(status)
    type(c_ptr), intent(out) :: session
    type(c_ptr), intent(in) :: model
    type(lat_decode_options), intent(in), optional, target :: options
    type(c_ptr) :: given
    given = c_null_ptr
    if (present(options)) given = c_loc(options)
    status = c_session_create(session, model, given)
  end function lat_session_create

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

  !> Copies the parameters whose tensors' names begin with `prefix` from another model.
  integer(c_int32_t) function lat_model_copy_parameters(model, from, prefix) result(status)
    type(c_ptr), intent(in) :: model, from
    character(*), intent(in) :: prefix
    status = c_model_copy_parameters(model, from, lat_text(prefix))
  end function lat_model_copy_parameters

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

  ! Operators

  !> A dense matrix, factorised once.
  integer(c_int32_t) function lat_operator_create_dense(operator, ctx, a, order) result(status)
    type(c_ptr), intent(out) :: operator
    type(c_ptr), intent(in) :: ctx
    real(c_double), intent(in), contiguous, target :: a(:, :)
    integer(c_int32_t), intent(in), optional :: order
    status = c_operator_dense(operator, ctx, lat_view(a, order))
  end function lat_operator_create_dense

  !> A dense matrix whose inverse or eigenvalues a solver gives: read the report.
  integer(c_int32_t) function lat_operator_create_learned(operator, report, solver, a, order) result(status)
    type(c_ptr), intent(out) :: operator
    type(lat_report), intent(out) :: report
    type(c_ptr), intent(in) :: solver
    real(c_double), intent(in), contiguous, target :: a(:, :)
    integer(c_int32_t), intent(in), optional :: order
    call lat_init(report)
    status = c_operator_learned(operator, report, solver, lat_view(a, order))
  end function lat_operator_create_learned

  !> A diagonal matrix.
  integer(c_int32_t) function lat_operator_create_diagonal(operator, ctx, diagonal) result(status)
    type(c_ptr), intent(out) :: operator
    type(c_ptr), intent(in) :: ctx
    real(c_double), intent(in) :: diagonal(:)
    status = c_operator_diagonal(operator, ctx, diagonal, size(diagonal, kind=c_int64_t))
  end function lat_operator_create_diagonal

  !> The circulant matrix of this first column.
  integer(c_int32_t) function lat_operator_create_circulant(operator, ctx, column) result(status)
    type(c_ptr), intent(out) :: operator
    type(c_ptr), intent(in) :: ctx
    real(c_double), intent(in) :: column(:)
    status = c_operator_circulant(operator, ctx, column, size(column, kind=c_int64_t))
  end function lat_operator_create_circulant

  !> The Kronecker product of operators.
  integer(c_int32_t) function lat_operator_create_kronecker(operator, parts) result(status)
    type(c_ptr), intent(out) :: operator
    type(c_ptr), intent(in) :: parts(:)
    status = c_operator_kronecker(operator, parts, extent(size(parts, kind=c_int64_t)))
  end function lat_operator_create_kronecker

  !> The Kronecker sum A (x) I + I (x) B of operators.
  integer(c_int32_t) function lat_operator_create_kronecker_sum(operator, parts) result(status)
    type(c_ptr), intent(out) :: operator
    type(c_ptr), intent(in) :: parts(:)
    status = c_operator_kronecker_sum(operator, parts, extent(size(parts, kind=c_int64_t)))
  end function lat_operator_create_kronecker_sum

  !> Operators as blocks along the diagonal.
  integer(c_int32_t) function lat_operator_create_block_diagonal(operator, parts) result(status)
    type(c_ptr), intent(out) :: operator
    type(c_ptr), intent(in) :: parts(:)
    status = c_operator_block_diagonal(operator, parts, extent(size(parts, kind=c_int64_t)))
  end function lat_operator_create_block_diagonal

  !> The update base + U V^T, with U and V of (size, rank).
  integer(c_int32_t) function lat_operator_create_low_rank(operator, base, u, v, order) result(status)
    type(c_ptr), intent(out) :: operator
    type(c_ptr), intent(in) :: base
    real(c_double), intent(in), contiguous, target :: u(:, :), v(:, :)
    integer(c_int32_t), intent(in), optional :: order
    status = c_operator_low_rank(operator, base, lat_view(u, order), lat_view(v, order))
  end function lat_operator_create_low_rank

  !> 1 where both are vectors of the operator's size; otherwise -1, which C refuses.
  integer(c_int64_t) function vector_count(y, x, operator) result(count)
    real(c_double), intent(in) :: y(:), x(:)
    type(c_ptr), intent(in) :: operator
    count = 1
    if (any([size(y, kind=c_int64_t), size(x, kind=c_int64_t)] /= lat_operator_size(operator))) count = -1
  end function vector_count

  !> The number of columns where both have as many, of the operator's size; otherwise -1.
  integer(c_int64_t) function column_count(y, x, operator) result(count)
    real(c_double), intent(in) :: y(:, :), x(:, :)
    type(c_ptr), intent(in) :: operator
    count = size(x, 2, kind=c_int64_t)
    if (any(shape(y, kind=c_int64_t) /= [lat_operator_size(operator), count])) count = -1
    if (size(x, 1, kind=c_int64_t) /= lat_operator_size(operator)) count = -1
  end function column_count

  integer(c_int32_t) function apply_vector(y, operator, x) result(status)
    real(c_double), intent(inout) :: y(:)
    type(c_ptr), intent(in) :: operator
    real(c_double), intent(in) :: x(:)
    status = c_operator_apply(y, operator, x, vector_count(y, x, operator))
  end function apply_vector

  integer(c_int32_t) function apply_columns(y, operator, x) result(status)
    real(c_double), intent(inout) :: y(:, :)
    type(c_ptr), intent(in) :: operator
    real(c_double), intent(in) :: x(:, :)
    status = c_operator_apply(y, operator, x, column_count(y, x, operator))
  end function apply_columns

  integer(c_int32_t) function solve_operator_vector(x, operator, b) result(status)
    real(c_double), intent(inout) :: x(:)
    type(c_ptr), intent(in) :: operator
    real(c_double), intent(in) :: b(:)
    status = c_operator_solve(x, operator, b, vector_count(x, b, operator))
  end function solve_operator_vector

  integer(c_int32_t) function solve_operator_columns(x, operator, b) result(status)
    real(c_double), intent(inout) :: x(:, :)
    type(c_ptr), intent(in) :: operator
    real(c_double), intent(in) :: b(:, :)
    status = c_operator_solve(x, operator, b, column_count(x, b, operator))
  end function solve_operator_columns

  integer(c_int32_t) function real_eigenvalues(real_parts, operator) result(status)
    real(c_double), intent(inout), contiguous, target :: real_parts(:)
    type(c_ptr), intent(in) :: operator
    status = c_operator_eigenvalues(address_of(real_parts, operator), c_null_ptr, operator)
  end function real_eigenvalues

  integer(c_int32_t) function complex_eigenvalues(real_parts, imaginary_parts, operator) result(status)
    real(c_double), intent(inout), contiguous, target :: real_parts(:), imaginary_parts(:)
    type(c_ptr), intent(in) :: operator
    type(c_ptr) :: first, second
    first = address_of(real_parts, operator)
    second = address_of(imaginary_parts, operator)
    if (.not. c_associated(second)) first = c_null_ptr
    status = c_operator_eigenvalues(first, second, operator)
  end function complex_eigenvalues

  !> The address of as many values as the operator's size; otherwise none, which C refuses.
  type(c_ptr) function address_of(values, operator) result(address)
    real(c_double), intent(in), contiguous, target :: values(:)
    type(c_ptr), intent(in) :: operator
    address = c_null_ptr
    if (lat_operator_size(operator) /= size(values, kind=c_int64_t)) return
    if (size(values) > 0) address = c_loc(values)
  end function address_of

  !> Solves A x = b of a symmetric positive definite operator; x is the first guess, and the solution.
  !! precondition: c_null_ptr, or an operator whose solutions stand for the inverse of A.
  integer(c_int32_t) function lat_operator_conjugate_gradients(x, steps, residual, a, precondition, b, tolerance, &
    max_steps) result(status)
    real(c_double), intent(inout) :: x(:)
    integer(c_int32_t), intent(out) :: steps
    real(c_double), intent(out) :: residual
    type(c_ptr), intent(in) :: a, precondition
    real(c_double), intent(in) :: b(:), tolerance
    integer(c_int32_t), intent(in) :: max_steps
    type(c_ptr) :: fitting
    fitting = a
    if (vector_count(x, b, a) < 0) fitting = c_null_ptr ! which C refuses
    steps = 0
    residual = 0
    status = c_conjugate_gradients(x, steps, residual, fitting, precondition, b, tolerance, max_steps)
  end function lat_operator_conjugate_gradients

  ! Linear attention

  !> All parameters, which may be written; they live as long as the stack.
  function lat_linear_parameters(stack) result(parameters)
    type(c_ptr), intent(in) :: stack
    real(c_double), pointer, contiguous :: parameters(:)
    call c_f_pointer(c_linear_parameters(stack), parameters, [lat_linear_size(stack)])
  end function lat_linear_parameters

  !> Runs all layers on tokens z(:, i), of which the first `context` act as keys.
  integer(c_int32_t) function lat_linear_apply(z, stack, context) result(status)
    real(c_double), intent(inout) :: z(:, :)
    type(c_ptr), intent(in) :: stack
    integer(c_int64_t), intent(in) :: context
    status = c_linear_apply(z, stack, token_count(z, stack), context)
  end function lat_linear_apply

  !> Gradients of a loss of the stack's output, d_out: by the parameters, which are added to
  !! d_parameters, and by z.
  integer(c_int32_t) function lat_linear_gradient(d_parameters, d_z, stack, z, d_out, context) result(status)
    real(c_double), intent(inout) :: d_parameters(:), d_z(:, :)
    type(c_ptr), intent(in) :: stack
    real(c_double), intent(in) :: z(:, :), d_out(:, :)
    integer(c_int64_t), intent(in) :: context
    integer(c_int64_t) :: tokens
    tokens = token_count(z, stack)
    if (size(d_parameters, kind=c_size_t) /= lat_linear_size(stack)) tokens = -1 ! which C refuses
    if (any(shape(d_z) /= shape(z)) .or. any(shape(d_out) /= shape(z))) tokens = -1
    status = c_linear_gradient(d_parameters, d_z, stack, z, d_out, tokens, context)
  end function lat_linear_gradient

  !> The number of tokens z(:, i) of the stack's width; -1, which C refuses, for those of another.
  integer(c_int64_t) function token_count(z, stack) result(tokens)
    real(c_double), intent(in) :: z(:, :)
    type(c_ptr), intent(in) :: stack
    type(lat_matrix) :: s
    tokens = -1
    if (lat_linear_matrix(s, stack, 0_c_int32_t, 0_c_int32_t, LAT_LINEAR_S) /= LAT_OK) return
    if (size(z, 1, kind=c_int64_t) == s%rows) tokens = size(z, 2, kind=c_int64_t)
  end function token_count

  !> Weights that make each layer a step of gradient descent on the least squares of its context.
  integer(c_int32_t) function lat_linear_set_descent(stack, w0, rate, examples, order) result(status)
    type(c_ptr), intent(in) :: stack
    real(c_double), intent(in), contiguous, target :: w0(:, :)
    real(c_double), intent(in) :: rate
    integer(c_int64_t), intent(in) :: examples
    integer(c_int32_t), intent(in), optional :: order
    status = c_linear_set_descent(stack, lat_view(w0, order), rate, examples)
  end function lat_linear_set_descent

  !> Learns a stack of one layer by least squares from examples z(:, :, i), whose last token is the
  !! query, and y(:, i), which is to be added to its last values.
  integer(c_int32_t) function lat_linear_fit(stack, certificate, z, y, context) result(status)
    type(c_ptr), intent(in) :: stack
    type(lat_linear_certificate), intent(out) :: certificate
    real(c_double), intent(in) :: z(:, :, :), y(:, :)
    integer(c_int64_t), intent(in) :: context
    integer(c_int64_t) :: examples, tokens
    call lat_init(certificate)
    examples = size(z, 3, kind=c_int64_t)
    tokens = size(z, 2, kind=c_int64_t)
    if (size(y, 2, kind=c_int64_t) /= examples) examples = -1 ! which C refuses
    if (examples > 0) tokens = token_count(z(:, :, 1), stack)
    status = c_linear_fit(stack, certificate, z, y, examples, tokens, context, extent(size(y, 1, kind=c_int64_t)))
  end function lat_linear_fit

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

  subroutine init_functions(functions)
    type(lat_task_functions), intent(out) :: functions
    call c_functions_init(functions, c_sizeof(functions))
  end subroutine init_functions

  subroutine init_scoring(options)
    type(lat_score_options), intent(out) :: options
    call c_scoring_init(options, c_sizeof(options))
  end subroutine init_scoring

  subroutine init_score(score)
    type(lat_score), intent(out) :: score
    call c_score_init(score, c_sizeof(score))
  end subroutine init_score

  subroutine init_sampler(options)
    type(lat_sampler_options), intent(out) :: options
    call c_sampler_init(options, c_sizeof(options))
  end subroutine init_sampler

  subroutine init_sum(sum)
    type(lat_loss_sum), intent(out) :: sum
    call c_sum_init(sum, c_sizeof(sum))
  end subroutine init_sum

  subroutine init_certificate(certificate)
    type(lat_linear_certificate), intent(out) :: certificate
    call c_certificate_init(certificate, c_sizeof(certificate))
  end subroutine init_certificate
end module lat
