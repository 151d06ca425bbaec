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

enum { LV_REFLEX_ABI = 1 };
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

/* LV_REFLEX_ABI, and the sizes of the structs above by their order: a library made from another reflex.h differs. */
LV_API uint64_t lv_reflex_abi(void);
LV_API uint64_t lv_reflex_size(int which);

/* To be called once, before all others. */
LV_API void lv_reflex_begin(void);

/* Probability of speech in the next LV_WINDOW samples; hidden, cell and context of zeros are a beginning. */
LV_API float lv_silero_hear(lv_silero *silero, const float *window);
#endif
