/* The reflex: what has to be done for every block before a reply can be held for a voice over it.
 *
 * Nothing here allocates, locks or waits, and Python is unknown. The loops are in reflex_kernels.h; where the compiler
 * can, they are compiled twice, the second time for processors with AVX2, and the first call finds out which is ours.
 * Not by GCC for Windows: it puts 32 bytes on a stack that is aligned to 16 as if it were to 32, and crashes (its bug
 * 54412).
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
static float root_hann[320];

/* Of echo_filter.py, which says what they are and where they come from. */
#define LEARN_FAST 0.004f
#define LEARN_SLOW 0.0002f
#define FAST_BLOCKS 200
#define UNKNOWN 0.03
#define LOST_LEFT 0.9f
#define LOST_ECHO 0.5f
#define LOST_MEMORY 0.97f
#define ASTRAY_MEMORY 0.75f
#define ERROR_MEMORY 0.8f
#define CONSTRAINED 4
#define FALL_PARTITIONS 12.0

/* Of residue.py. */
#define FALL 0.8f
#define OVER 4.0f
#define LEARN 0.004f
#define CAP 4.0f
#define SETTLED_BLOCKS 50
#define PREDICTED 1e-3f
#define NOISE_RISE 1.002f
#define NOISE_MEMORY 0.9f
#define VOICE_FROM 4
#define VOICE_TO 80

/* Of echo.py: the peak under which nothing is played, -80 dBFS. */
#define SILENT 1e-4f

static float peak(const float *samples) {
    float highest = 0.0f;
    int i;
    for (i = 0; i < LV_BLOCK; i++) highest = fabsf(samples[i]) > highest ? fabsf(samples[i]) : highest;
    return highest;
}

#define LV(name) plain_##name
#define LV_VECTOR 16 /* bytes */
#include "reflex_kernels.h"
#undef LV
#undef LV_VECTOR

#if defined(__clang__) || (defined(__GNUC__) && !defined(_WIN32))
#define LV_ALIGNS_32 1
#endif
#if defined(LV_ALIGNS_32) && defined(__x86_64__) && !defined(LV_WITHOUT_WIDE) /* by a test only */
#define LV_HAS_WIDE 1
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#define LV(name) wide_##name
#define LV_VECTOR 32
#include "reflex_kernels.h"
#undef LV
#undef LV_VECTOR
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
    static const uint64_t sizes[] = {sizeof(lv_silero_net), sizeof(lv_silero), sizeof(lv_apm), sizeof(lv_linear),
                                     sizeof(lv_block)};
    return which >= 0 && which < 5 ? sizes[which] : 0;
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
    for (i = 0; i < 320; i++) root_hann[i] = (float)sqrt(0.5 - 0.5 * cos(2.0 * PI * i / 320.0));
}

void lv_resample(const float *heard, const int64_t *starts, const float *phases, float *samples, int count, int taps) {
    CALL(resample, heard, starts, phases, samples, count, taps);
}

float lv_silero_hear(lv_silero *silero, const float *window) { return CALL(hear, silero, window); }

/* livekit's canceller */

typedef uint64_t ask(const uint8_t *request, size_t bytes, const uint8_t **answer, size_t *answered);
typedef uint8_t drop(uint64_t handle);

/* An answer has to be dropped, like a reference to it in Python. */
static int asked(const lv_apm *apm, const uint8_t *request, uint64_t bytes, uint64_t expected) {
    const uint8_t *answer = NULL;
    size_t answered = 0;
    uint64_t handle = ((ask *)apm->request)(request, (size_t)bytes, &answer, &answered);
    if (!handle) return 0;
    ((drop *)apm->drop)(handle);
    return answered == expected;
}

/* The far end first: the canceller has to know a sound before it comes back. */
int lv_cancel(lv_apm *apm) {
    return asked(apm, apm->ask_far, apm->far_bytes, apm->far_answer) &&
           asked(apm, apm->ask_near, apm->near_bytes, apm->near_answer);
}

/* To the nearest whole number, and to the even one of two: what NumPy's rint does. */
static void to_pcm(const float *samples, int16_t *pcm) {
    int i;
    for (i = 0; i < LV_BLOCK; i++) {
        float scaled = samples[i] * 32768.0f;
        scaled = scaled > 32767.0f ? 32767.0f : scaled < -32768.0f ? -32768.0f : scaled == scaled ? scaled : 0.0f;
        pcm[i] = (int16_t)((scaled + 12582912.0f) - 12582912.0f);
    }
}

static int cancelled(lv_apm *apm, const lv_block *block, float *clean) {
    int i;
    to_pcm(block->near, apm->near);
    to_pcm(block->far, apm->far);
    if (!lv_cancel(apm)) return 0;
    for (i = 0; i < LV_BLOCK; i++) clean[i] = (float)apm->near[i] / 32768.0f;
    return 1;
}

/* The linear branch */

void lv_linear_begin(lv_linear *linear) {
    const float *draws_re = linear->draws_re, *draws_im = linear->draws_im;
    int p, k;
    memset(linear, 0, sizeof *linear);
    linear->draws_re = draws_re, linear->draws_im = draws_im;
    linear->silent_blocks = LV_PARTITIONS;
    for (p = 0; p < LV_PARTITIONS; p++) linear->unknown[p] = (float)(UNKNOWN * exp(-p / FALL_PARTITIONS));
    for (p = 0; p < LV_PARTITIONS; p++)
        for (k = 0; k < LV_BINS; k++) linear->unsure[p * LV_ROW + k] = linear->unknown[p];
    for (k = 0; k < LV_BINS; k++) {
        linear->error_power[k] = 1e-3f;
        linear->rest_power[k] = linear->echo_power[k] = 1e-6f;
        linear->smoothed[k] = linear->floor[k] = 1e-4f;
    }
}

float lv_linear_feed(lv_linear *linear, const float *near, const float *far, float *left) {
    return CALL(feed, linear, near, far, left);
}

static int is_astray(const lv_linear *linear) {
    float heard = linear->near_lately, predicted = linear->predicted_lately;
    return predicted > 0.0f && predicted >= LOST_ECHO * heard && linear->left_lately >= heard;
}

/* A block */

int lv_block_work(lv_block *block) {
    if (peak(block->far) > SILENT)
        block->silent_blocks = 0;
    else if (block->silent_blocks < LV_SLEEPS_AFTER)
        block->silent_blocks++;
    memcpy(block->left, block->near, sizeof block->left);
    block->excess = 0.0f;
    block->is_astray = 0;
    if (block->silent_blocks >= LV_SLEEPS_AFTER) {
        memcpy(block->for_detection, block->near, sizeof block->near);
        memcpy(block->for_recognition, block->near, sizeof block->near);
        return 0;
    }
    if (!cancelled(block->detecting, block, block->for_detection)) return -1;
    if (!cancelled(block->recognising, block, block->for_recognition)) return -1;
    if (block->has_steady) {
        block->excess = lv_linear_feed(block->linear, block->near, block->steady, block->left);
        block->is_astray = (uint32_t)is_astray(block->linear);
    }
    return 1;
}
