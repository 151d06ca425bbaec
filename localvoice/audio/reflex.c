/* The reflex: what has to be done for every block before a reply can be held for a voice over it.
 *
 * Nothing here allocates, locks or waits, and Python is unknown. The loops are in reflex_kernels.h; where the compiler
 * can, they are compiled twice, the second time for processors with AVX2, and the first call finds out which is ours.
 */
#include "reflex.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846

#define LONGEST 320 /* of the transforms below */

typedef struct wave {
    float re[LONGEST / 2 + 1];
    float im[LONGEST / 2 + 1];
} wave;

/* A real transform of `length` by a complex one of half of it: a product of 4, 2 and 5, 5 at most once. */
typedef struct plan {
    int length;
    float cosine[LONGEST]; /* of whole turns by `length` */
    float sine[LONGEST];
} plan;

static plan of_256 = {256, {0}, {0}};
static plan of_320 = {320, {0}, {0}};
static float hann[256];

#define LV(name) plain_##name
#include "reflex_kernels.h"
#undef LV

#if (defined(__GNUC__) || defined(__clang__)) && defined(__x86_64__)
#define LV_HAS_WIDE 1
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#define LV(name) wide_##name
#include "reflex_kernels.h"
#undef LV
#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
static int is_wide; /* by lv_reflex_begin: whether this processor has AVX2 */
#define CALL(name, ...) (is_wide ? wide_##name(__VA_ARGS__) : plain_##name(__VA_ARGS__))
#else
#define CALL(name, ...) plain_##name(__VA_ARGS__)
#endif

uint64_t lv_reflex_abi(void) { return LV_REFLEX_ABI; }

uint64_t lv_reflex_size(int which) {
    static const uint64_t sizes[] = {sizeof(lv_silero_net), sizeof(lv_silero)};
    return which >= 0 && which < 2 ? sizes[which] : 0;
}

static void turn(plan *of) {
    int i;
    for (i = 0; i < of->length; i++) {
        of->cosine[i] = (float)cos(2.0 * PI * i / of->length);
        of->sine[i] = (float)sin(2.0 * PI * i / of->length);
    }
}

void lv_reflex_begin(void) {
    int i;
#ifdef LV_HAS_WIDE
    __builtin_cpu_init();
    is_wide = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    turn(&of_256);
    turn(&of_320);
    for (i = 0; i < 256; i++) hann[i] = (float)(0.5 - 0.5 * cos(2.0 * PI * i / 256.0));
}

float lv_silero_hear(lv_silero *silero, const float *window) { return CALL(hear, silero, window); }
