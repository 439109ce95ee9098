/**
 * @file version.h
 * @brief Version of the library and the attributes every public declaration carries.
 *
 * The macros tell what a program was compiled against; the functions tell what it runs with.
 */
#ifndef LAT_VERSION_H
#define LAT_VERSION_H

#include <stddef.h>
#include <stdint.h>

#define LAT_VERSION_MAJOR 0 /**< changes with incompatible releases */
#define LAT_VERSION_MINOR 1 /**< changes with additions */
#define LAT_VERSION_PATCH 0 /**< changes with corrections */

/** Version as one number that orders: 10000 major + 100 minor + patch. */
#define LAT_VERSION_NUMBER (LAT_VERSION_MAJOR * 10000 + LAT_VERSION_MINOR * 100 + LAT_VERSION_PATCH)

/** @def LAT_API
 * Marks what the library exports. Programs that link it statically define LAT_STATIC. */
#if defined(LAT_STATIC) || !(defined(__GNUC__) || defined(__clang__))
#define LAT_API
#else
#define LAT_API __attribute__((visibility("default")))
#endif

/** @def LAT_NODISCARD
 * Makes the compiler warn where a status is dropped. */
#if defined(__GNUC__) || defined(__clang__)
#define LAT_NODISCARD __attribute__((warn_unused_result))
#else
#define LAT_NODISCARD
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Version of the library in use, as a number. @return LAT_VERSION_NUMBER of the library in use.
 * Thread-safe. @since 0.1 */
LAT_API int32_t lat_version_number(void);

/** Version of the library in use, as text. @return version of the library in use,
 * "major.minor.patch"; static storage. Thread-safe. @since 0.1 */
LAT_API const char *lat_version_string(void);

/**
 * How the library was built.
 * @return one line that describes the build: version, compiler, the BLAS and its kernels;
 *         static storage. Thread-safe. @since 0.1
 */
LAT_API const char *lat_build_info(void);

#ifdef __cplusplus
}
#endif

#endif
