/* What Python and the native reflex share. native_reflex.py reads this file too: declarations only, one meaning
 * everywhere.
 *
 * All memory is Python's. A struct belongs to one thread at a time; what is not said to be set by Python is C's own.
 */
#ifndef LOCALVOICE_REFLEX_H
#define LOCALVOICE_REFLEX_H
#include <stdint.h>
#ifndef LV_API
#ifdef _WIN32
#define LV_API __declspec(dllexport)
#else
#define LV_API __attribute__((visibility("default")))
#endif
#endif

enum { LV_REFLEX_ABI = 5 };
enum { LV_BLOCK = 160, LV_PARTITIONS = 40, LV_BINS = 161, LV_ROW = 168, LV_DRAWS = 97 };
enum { LV_SLEEPS_AFTER = 200 }; /* blocks in which nothing is played */
enum { LV_WINDOW = 512, LV_CONTEXT = 64, LV_HIDDEN = 128, LV_PANEL = 32 };

/* Weights of Silero VAD at 16 kHz, set by Python (silero_weights.py). A matrix lies in panels of LV_PANEL outputs: for
 * each panel, for each input, the weights of the panel's outputs. Inputs of a convolution are ordered by tap, then by
 * channel. */
typedef struct lv_silero_net {
    const float *wide;    /* 129 channels, 3 taps -> 128, at 4 places */
    const float *halved;  /* 128 channels, 3 taps -> 64, at every second of them */
    const float *joined;  /* 64 channels, the last 2 taps -> 64: the first one would look before the beginning */
    const float *last;    /* 64 channels, the middle tap -> 128 */
    const float *gates;   /* 128 inputs and 128 of the hidden state -> input, output, forget gate and cell of the LSTM */
    const float *decoder; /* 128, then its bias */
    const float *biases;  /* of all above in their order: 128, 64, 64, 128, 512 */
} lv_silero_net;

typedef struct lv_silero {
    const lv_silero_net *net; /* by Python */
    float hidden[LV_HIDDEN];
    float cell[LV_HIDDEN];
    float context[LV_CONTEXT]; /* the end of the window before */
} lv_silero;

/* One of livekit's audio processing modules. Its requests always say the same: where near and far of this struct are. */
typedef struct lv_apm {
    uintptr_t request; /* by Python from here on: the functions livekit_ffi_request ... */
    uintptr_t drop;    /* ... and livekit_ffi_drop_handle */
    const uint8_t *ask_near;
    const uint8_t *ask_far;
    uint64_t near_bytes; /* of the requests */
    uint64_t far_bytes;
    uint64_t near_answer; /* bytes of an answer that tells of no error */
    uint64_t far_answer;
    int16_t near[LV_BLOCK]; /* what the microphone heard, and in its place what is left of it */
    int16_t far[LV_BLOCK];
} lv_apm;

/* The linear model of the echo (echo_filter.py) and what it leaves (residue.py). Rows lie LV_ROW apart. */
typedef struct lv_linear {
    float far_re[LV_PARTITIONS * LV_ROW]; /* spectra of the last blocks, the newest in row `newest`, older ones behind */
    float far_im[LV_PARTITIONS * LV_ROW];
    float powers[LV_PARTITIONS * LV_ROW];
    float path_re[LV_PARTITIONS * LV_ROW];
    float path_im[LV_PARTITIONS * LV_ROW];
    float unsure[LV_PARTITIONS * LV_ROW]; /* expected squared error of the path */
    float unknown[LV_PARTITIONS]; /* the same where nothing is known */
    float error_power[LV_ROW];
    float near_power; /* of the last 0.3 s, what is left of it, and what was predicted */
    float left_power;
    float predicted_power;
    float near_lately; /* the same of the last 40 ms */
    float left_lately;
    float predicted_lately;
    float unused_power[2];
    float played[2 * LV_BLOCK];
    float left[2 * LV_BLOCK];
    float predicted[2 * LV_BLOCK];
    float echo[LV_ROW];
    float rest_power[LV_ROW]; /* averages of the rest, and of the echo that was predicted meanwhile */
    float echo_power[LV_ROW];
    float smoothed[LV_ROW]; /* power of what is left, and its floor */
    float floor[LV_ROW];
    float tail[LV_BLOCK];
    const float *draws_re; /* by Python: LV_DRAWS spectra of noise of power 1, LV_ROW apart */
    const float *draws_im;
    uint32_t newest;
    uint32_t blocks;
    uint32_t learned;
    uint32_t drawn;
    uint32_t silent_blocks; /* since something was played */
    uint32_t unused;
} lv_linear;

/* The work of a block. */
typedef struct lv_block {
    lv_apm *detecting; /* by Python */
    lv_apm *recognising;
    lv_linear *linear;
    uint32_t has_steady; /* by Python before each block, and the next three: both ends, and the far end for the filter */
    uint32_t silent_blocks; /* by Python at the beginning: since something was played */
    float near[LV_BLOCK];
    float far[LV_BLOCK];
    float steady[LV_BLOCK];
    float for_detection[LV_BLOCK];
    float for_recognition[LV_BLOCK];
    float left[LV_BLOCK]; /* by the filter, suppressed and under noise */
    float excess;
    uint32_t is_astray; /* what the model takes out of near has lately made it louder: our voice comes another way */
} lv_block;

/* LV_REFLEX_ABI, and the sizes of the structs above by their order: a library made from another reflex.h differs. */
LV_API uint64_t lv_reflex_abi(void);
LV_API uint64_t lv_reflex_size(int which);

/* To be called once, before all others. */
LV_API void lv_reflex_begin(void);

/* `count` samples, each the product of `taps` of those heard, from its start on, with a row of `phases`. */
LV_API void lv_resample(const float *heard, const int64_t *starts, const float *phases, float *samples, int count,
                        int taps);

/* Probability of speech in the next LV_WINDOW samples; hidden, cell and context of zeros are a beginning. */
LV_API float lv_silero_hear(lv_silero *silero, const float *window);

/* Take the echo of far out of near, in place; 0 where the module refuses. */
LV_API int lv_cancel(lv_apm *apm);

/* What a new model knows. */
LV_API void lv_linear_begin(lv_linear *linear);
/* 160 samples of what is left of near, 10 ms late, suppressed and under noise; by how much the block is louder than the
 * rest should be, in tens of dB. */
LV_API float lv_linear_feed(lv_linear *linear, const float *near, const float *far, float *left);

/* All of it for one block; -1 where a module refuses, 0 asleep (what goes out is near), else 1. */
LV_API int lv_block_work(lv_block *block);
#endif
