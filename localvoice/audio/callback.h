/* What Python and the audio callbacks share. native.py reads this file too: declarations only, one meaning everywhere.
 *
 * Counters only grow and are stored behind the data they count. Who stores what is said beside each field.
 */
#ifndef LOCALVOICE_CALLBACK_H
#define LOCALVOICE_CALLBACK_H
#include <stddef.h>
#include <stdint.h>
#ifndef LV_API
#ifdef _WIN32
#define LV_API __declspec(dllexport)
#else
#define LV_API __attribute__((visibility("default")))
#endif
#endif

enum { LV_ABI = 5, LV_TAIL = 1024 };

#define LV_UNDECIDED 0xffffffffffffffff

enum { LV_COMPLETE = 0, LV_OPEN = 1, LV_WAITING = 2 };

typedef struct lv_ring {
    float *data;
    uint64_t size;      /* frames, a power of 2 */
    uint64_t max_block; /* frames between two counts at most: what may be half overwritten at any moment */
    uint64_t written;   /* by the one writer */
} lv_ring;

typedef struct lv_capture {
    lv_ring ring;       /* mono: the mean of the channels */
    uint64_t overflows; /* by the callback: blocks that PortAudio says follow lost ones */
    uint32_t channels;
    uint32_t unused;
} lv_capture;

typedef struct lv_reply {
    float *data;
    uint64_t size;        /* frames, a power of 2 */
    uint64_t written;     /* by lv_append */
    uint64_t command;     /* by lv_level and lv_hold: all that is asked for, in one word */
    uint64_t expects;     /* by Python: LV_COMPLETE, LV_OPEN, or LV_WAITING while sound waits for room in here */
    uint64_t read;        /* by the callback: the next frame to sound */
    uint64_t end_if_held; /* by the callback: the first frame not to sound, were it held from the next block on */
    uint64_t obeyed;      /* from here on the callback's own */
    float gain;
    float target;
    float step;
    uint32_t left; /* frames of the ramp */
    uint32_t is_held;
    uint32_t has_sounded;
    uint32_t is_dry;
    uint32_t unused;
} lv_reply;

typedef struct lv_output {
    lv_ring played;           /* mono: what the callback gave to every channel, zeros included */
    lv_reply *wanted;         /* by lv_want */
    lv_reply *current;        /* by the callback */
    uint64_t begun;           /* by the callback: blocks it has entered ... */
    uint64_t done;            /* ... and left */
    uint64_t gaps;            /* by the callback: times a reply not complete ran empty */
    uint64_t gap_frames;      /* zeros it played then */
    uint64_t underruns;       /* of the gaps, those where sound waited for room */
    uint64_t underflows;      /* blocks that PortAudio says came too late */
    uint32_t channels;
    uint32_t edge;            /* frames of the ramp at pauses and cuts, LV_TAIL at most */
    uint32_t tail_at;         /* from here on the callback's own */
    uint32_t tail_end;
    float tail[LV_TAIL];      /* what still fades out of a reply that was left while it sounded */
} lv_output;

/* A stream of PulseAudio's client, one channel of floats. */
typedef struct lv_pulse {
    void *state;    /* an lv_capture, an lv_output */
    uint64_t block; /* frames that are played at once */
    int (*peek)(void *stream, const void **data, size_t *bytes); /* pa_stream_peek, and so on */
    int (*drop)(void *stream);
    int (*begin_write)(void *stream, void **data, size_t *bytes);
    int (*write)(void *stream, const void *data, size_t bytes, void *free_data, int64_t offset, int seek);
} lv_pulse;

/* What a server of PulseAudio's calls itself. */
typedef struct lv_server {
    uint64_t is_known;
    char name[64];
} lv_server;

/* How a ring is looked at by who waits for a sound in it. */
typedef struct lv_look {
    uint64_t windows;   /* what lv_loudest is asked */
    uint64_t frames;
    uint64_t step;
    uint64_t every_us;  /* between two looks */
    uint64_t is_called; /* by Python: another reason to wait no longer */
    float ground;       /* mean square of the quiet room; from 1 on it finds it by itself */
    float rise;         /* by how much it follows a louder room with each look */
    float over;         /* how many times the ground stands out */
    uint32_t unused;
} lv_look;

/* LV_ABI, and the sizes of the structs above by their order: a library made from another callback.h differs. */
LV_API uint64_t lv_abi(void);
LV_API uint64_t lv_size(int which);

/* PaStreamCallbacks: user is an lv_capture, an lv_output. */
LV_API int lv_record(const void *input, void *output, unsigned long frames, const void *time, unsigned long flags,
                     void *user);
LV_API int lv_play(const void *input, void *output, unsigned long frames, const void *time, unsigned long flags,
                   void *user);

/* pa_stream_request_cb_t, and pa_stream_notify_cb_t for a loudspeaker that ran empty: user is an lv_pulse. */
LV_API void lv_pulse_record(void *stream, size_t bytes, void *user);
LV_API void lv_pulse_play(void *stream, size_t bytes, void *user);
LV_API void lv_pulse_underflow(void *stream, void *user);
/* pa_server_info_cb_t: user is an lv_server. */
LV_API void lv_pulse_server(void *context, const void *info, void *user);

/* One writer per ring. */
LV_API void lv_write(lv_ring *ring, const float *samples, uint64_t frames);
/* Copy frames [first, first + frames), zeros where they are not there (any more); returns how many were. Any thread. */
LV_API uint64_t lv_read(const lv_ring *ring, uint64_t first, float *samples, uint64_t frames);
/* Mean square of the loudest of the last `windows` stretches of `frames` frames each. Every `step` frames count as one,
 * their mean: what is far above the band of 1 / step of the rate counts for little. 0 where less has been written. */
LV_API float lv_loudest(const lv_ring *ring, uint64_t windows, uint64_t frames, uint64_t step);

/* Wait, look, and wait again, `looks` times or until something stands out or somebody calls; returns how many looks. */
LV_API uint64_t lv_await(lv_look *look, const lv_ring *ring, uint64_t first_us, uint64_t looks);

/* The rest belongs to one thread beside the callback's. */
/* Write behind the end of a reply; the caller has seen that there is room. */
LV_API void lv_append(lv_reply *reply, const float *samples, uint64_t frames);
/* Sound (again) and move to a linear gain within `frames`. */
LV_API void lv_level(lv_reply *reply, float gain, uint32_t frames);
/* Fade out and hold; returns the frame it will be held at. The command is given at once, but while a block is under way
 * nobody knows whether that one has seen it: LV_UNDECIDED means that it takes long, and that one should ask again. */
LV_API uint64_t lv_hold(lv_output *output, lv_reply *reply);
/* Play from this reply and no other, from the next block on. */
LV_API void lv_want(lv_output *output, lv_reply *reply);
#endif
