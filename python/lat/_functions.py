"""Functions of the C interface: their results and parameters."""

from ctypes import POINTER, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint64, c_void_p

from ._library import _declare, _library
from ._structures import _Accuracy

_P = c_void_p
_declare(None,  # the status, checked
         "lat_context_create", _P, _P,
         "lat_tokenizer_create", _P, _P, _P,
         "lat_task_create", _P, _P, _P,
         "lat_task_create_mixture", _P, _P, _P, _P, c_int32,
         "lat_task_get_options", _P, _P,
         "lat_tokenizer_get_options", _P, _P,
         "lat_model_get_options", _P, _P,
         "lat_task_result_shapes", _P, c_int32, _P, _P, c_int32,
         "lat_task_answer_operands", _P, c_int32, _P, _P, c_int32,
         "lat_model_create", _P, _P, _P, _P,
         "lat_model_load", _P, _P, c_char_p, _P,
         "lat_model_inspect", _P, _P, c_char_p,
         "lat_model_load_named", _P, _P, c_char_p, c_char_p, _P,
         "lat_model_name", _P, c_size_t, c_char_p, c_int32,
         "lat_model_create_from", _P, _P, _P, _P,
         "lat_model_copy_parameters", _P, _P, c_char_p,
         "lat_model_save_as", _P, c_char_p, c_char_p,
         "lat_model_load_memory", _P, _P, c_char_p, c_size_t, _P,
         "lat_model_save_memory", _P, _P, c_char_p, c_size_t, c_char_p,
         "lat_model_clone", _P, _P,
         "lat_model_freeze", _P,
         "lat_model_tensor", _P, _P, c_int32,
         "lat_model_map", _P, _P, "lat_model_commit", _P,
         "lat_model_loss", _P, _P, _P,
         "lat_model_logits", _P, c_size_t, _P, _P,
         "lat_tokenizer_symbol", _P, c_size_t, _P, c_int32, c_int32,
         "lat_tokenizer_find", _P, _P, c_int32, c_char_p,
         "lat_tokenizer_encode", _P, c_size_t, _P, _P, c_int32, c_int32, _P,
         "lat_tokenizer_decode", _P, c_size_t, _P, _P, _P, c_int32, _P, c_size_t,
         "lat_task_create_custom", _P, _P, _P, _P,
         "lat_task_max_operands", _P, c_int32, _P, c_int32, _P,
         "lat_task_canonicalize", _P, c_int32, _P, _P, _P,
         "lat_task_restore", _P, c_int32, _P, _P, _P,
         "lat_task_score_operands", _P, _P, _P, c_int32, _P, _P, c_int32, _P,
         "lat_batch_create", _P, _P,
         "lat_batch_append", _P, c_int32, _P, _P,
         "lat_batch_append_operands", _P, c_int32, _P, _P, c_int32, _P, c_int32,
         "lat_batch_sequences", _P, _P, c_int32,
         "lat_batch_matrix", _P, _P, c_int32, c_int64,
         "lat_batch_operand", _P, _P, c_int32, c_int64, c_int32,
         "lat_sampler_create", _P, _P, _P, _P,
         "lat_sampler_next", _P, _P, c_int64,
         "lat_gradients_create", _P, _P,
         "lat_gradients_accumulate", _P, _P, _P, _P,
         "lat_gradients_set_target_spread", _P, c_double,
         "lat_optimizer_create", _P, _P, _P,
         "lat_optimizer_step", _P, _P, _P, _P,
         "lat_optimizer_swap_average", _P, _P,
         "lat_optimizer_save", _P, _P, c_char_p,
         "lat_optimizer_load", _P, _P, c_char_p,
         "lat_trainer_checkpoint", _P,
         "lat_session_create", _P, _P, _P,
         "lat_session_decode", _P, _P, _P,
         "lat_context_measure", _P, _P, _P, c_int64, c_int32, c_int32, c_double,
         "lat_operator_create_dense", _P, _P, _P,
         "lat_operator_create_learned", _P, _P, _P, _P,
         "lat_operator_create_diagonal", _P, _P, _P, c_int64,
         "lat_operator_create_tridiagonal", _P, _P, c_double, c_double, c_int64,
         "lat_operator_create_circulant", _P, _P, _P, c_int64,
         "lat_operator_create_function", _P, _P, _P, _P, c_int64,
         "lat_operator_create_kronecker", _P, _P, c_int32,
         "lat_operator_create_kronecker_sum", _P, _P, c_int32,
         "lat_operator_create_block_diagonal", _P, _P, c_int32,
         "lat_operator_create_low_rank", _P, _P, _P, _P,
         "lat_operator_apply", _P, _P, _P, c_int64,
         "lat_operator_solve", _P, _P, _P, c_int64,
         "lat_operator_eigenvalues", _P, _P, _P,
         "lat_operator_log_determinant", _P, _P, _P,
         "lat_operator_conjugate_gradients", _P, _P, _P, _P, _P, _P, c_double, c_int32,
         "lat_linear_create", _P, _P, c_int32, c_int32, c_int32,
         "lat_linear_matrix", _P, _P, c_int32, c_int32, c_int32,
         "lat_linear_apply", _P, _P, c_int64, c_int64,
         "lat_linear_gradient", _P, _P, _P, _P, _P, c_int64, c_int64,
         "lat_linear_set_descent", _P, _P, c_double, c_int64,
         "lat_linear_fit", _P, _P, _P, _P, c_int64, c_int64, c_int64, c_int32,
         "lat_trainer_create", _P, _P, _P, _P,
         "lat_trainer_resume", _P, _P, _P, _P,
         "lat_trainer_run", _P,
         "lat_solver_create", _P, _P, _P,
         "lat_solver_select", _P, c_char_p,
         "lat_solver_solve_operands", _P, c_int32, _P, _P, _P, c_int32, c_int64,
         "lat_evaluate", _P, _P, _P,
         "lat_evaluation_diagnosis", _P, _P)
_declare(c_int32,  # what the free functions leave behind is never looked at
         "lat_context_free", _P, "lat_tokenizer_free", _P, "lat_task_free", _P,
         "lat_model_free", _P, "lat_trainer_free", _P, "lat_solver_free", _P,
         "lat_evaluation_free", _P, "lat_batch_free", _P, "lat_sampler_free", _P, "lat_session_free", _P,
         "lat_gradients_free", _P, "lat_optimizer_free", _P, "lat_operator_free", _P, "lat_linear_free", _P,
         "lat_batch_clear", _P, "lat_gradients_zero", _P, "lat_gradients_seek", _P, c_uint64,
         "lat_sampler_seek", _P, c_uint64,
         "lat_batch_component", _P, c_int64, "lat_batch_operand_count", _P, c_int32, c_int64,
         "lat_task_letter", _P, "lat_random_integer", _P, c_int32, c_int32,
         "lat_trainer_progress", _P, _P,
         "lat_context_threads", _P, "lat_context_precision", _P,
         "lat_tokenizer_vocabulary_size", _P, c_int32,
         "lat_task_operand_count", _P, "lat_task_result_count", _P,
         "lat_task_builtin_count", "lat_model_tensor_count", _P)
_declare(c_char_p,
         "lat_last_error", "lat_status_name", c_int32, "lat_version_string", "lat_build_info",
         "lat_tokenizer_encoding", _P, c_int32,
         "lat_context_kernels", _P, "lat_task_builtin_name", c_int32, "lat_task_name", _P,
         "lat_model_config", _P, "lat_model_folder")
_declare(c_void_p,
         "lat_task_component", _P, c_int32, "lat_model_task", _P, "lat_model_parameters", _P,
         "lat_model_tokenizer", _P, "lat_linear_parameters", _P,
         "lat_session_log_probabilities", _P)
_declare(c_size_t,
         "lat_model_parameter_count", _P, "lat_gradients_size", _P, "lat_linear_size", _P,
         "lat_task_transform_size", _P, "lat_tokenizer_max_tokens", _P, c_int32, c_int32, c_int32)
_declare(c_int64, "lat_batch_size", _P, "lat_optimizer_updates", _P, "lat_operator_size", _P)
_declare(c_uint64, "lat_sampler_position", _P)
_declare(c_double,
         "lat_task_weight", _P, c_int32, "lat_optimizer_learning_rate", _P, "lat_optimizer_gradient_norm", _P,
         "lat_random_uniform", _P, "lat_random_normal", _P)
_declare(POINTER(_Accuracy), "lat_evaluation_row", _P, c_int32)



def version():
    """Version of the library in use."""
    return _library.lat_version_string().decode()


def build_info():
    """How the library in use was built."""
    return _library.lat_build_info().decode()


def task_names():
    """Names of the built-in tasks."""
    return [_library.lat_task_builtin_name(i).decode()
            for i in range(_library.lat_task_builtin_count())]
