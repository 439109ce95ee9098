/* Lines for the host's log. */
#include "base/log.h"
#include "base/context_impl.h"
#include "base/floating.h"
#include "base/text.h"

enum { LINE_SIZE = 1024 };

void lati_log(const lat_context *ctx, int32_t level, const char *format, ...) {
  if (ctx->options.log == NULL || level > ctx->options.log_level) {
    return;
  }
  char line[LINE_SIZE];
  va_list arguments;
  va_start(arguments, format);
  lati_format_list(line, sizeof line, format, arguments);
  va_end(arguments);
  lati_clean_text(line);
  lati_floating *host = lati_floating_lend();
  ctx->options.log(level, line, ctx->options.log_user);
  lati_floating_take_back(host);
}
