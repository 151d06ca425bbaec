/* The audio callbacks: nothing here allocates, locks, waits or calls the system, and Python is unknown.
 * callback_look.h, which waits, is for those who read.
 *
 * A reply is played by at most one callback; it is left for another by exchanging one pointer, so that nothing of it
 * can follow. Commands are one word each, and a word holds all that is wanted: the latest one wins, none gets lost.
 */
#ifndef _WIN32
#define _POSIX_C_SOURCE 200809L /* nanosleep */
#endif
#include "callback.h"

#include <string.h>

#if defined(__GNUC__) || defined(__clang__)
#if __GCC_ATOMIC_LLONG_LOCK_FREE != 2 || __GCC_ATOMIC_INT_LOCK_FREE != 2
#error "64-bit counters need locks on this processor"
#endif
#define LOAD(p) __atomic_load_n(p, __ATOMIC_SEQ_CST)
#define STORE(p, v) __atomic_store_n(p, v, __ATOMIC_SEQ_CST)
#define LOAD_ACQUIRE(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define STORE_RELEASE(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define LOAD_RELAXED(p) __atomic_load_n(p, __ATOMIC_RELAXED)
#define FENCE_ACQUIRE() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define FENCE_RELEASE() __atomic_thread_fence(__ATOMIC_RELEASE)
#define LOAD_POINTER(p) LOAD(p)
#define STORE_POINTER(p, v) STORE(p, v)
static float get(const float *p) {
    float value;
    __atomic_load(p, &value, __ATOMIC_RELAXED);
    return value;
}
static void put(float *p, float value) { __atomic_store(p, &value, __ATOMIC_RELAXED); }
#elif defined(_MSC_VER) && (defined(_M_X64) || defined(_M_ARM64))
#include <intrin.h>
/* Interlocked operations order everything; slower than needed, by nanoseconds a block. */
#define LOAD(p) ((uint64_t)_InterlockedCompareExchange64((volatile __int64 *)(p), 0, 0))
#define STORE(p, v) ((void)_InterlockedExchange64((volatile __int64 *)(p), (__int64)(v)))
#define LOAD_ACQUIRE(p) LOAD(p)
#define STORE_RELEASE(p, v) STORE(p, v)
#define LOAD_RELAXED(p) (*(volatile const uint64_t *)(p))
#define LOAD_POINTER(p) ((lv_reply *)LOAD(p))
#define STORE_POINTER(p, v) STORE(p, v)
static void fence(void) {
    volatile long any = 0;
    _InterlockedExchange(&any, 1);
}
#define FENCE_ACQUIRE() fence()
#define FENCE_RELEASE() fence()
static float get(const float *p) { return *(volatile const float *)p; }
static void put(float *p, float value) { *(volatile float *)p = value; }
#else
#error "no atomic operations known for this compiler"
#endif

/* Of a command: held, frames of the ramp, gain. */
#define HELD ((uint64_t)1 << 63)
#define MOST_RAMP_FRAMES 0x3fffffffu

/* What PortAudio says of a block (portaudio.h, PaStreamCallbackFlags). */
#define INPUT_OVERFLOW 2u
#define OUTPUT_UNDERFLOW 4u

/* Looks at a block in progress: some 10 us, where a block takes 5 unless its thread has lost its processor. */
#define PATIENCE 4096

uint64_t lv_abi(void) { return LV_ABI; }

uint64_t lv_size(int which) {
    static const uint64_t sizes[] = {sizeof(lv_ring), sizeof(lv_capture), sizeof(lv_reply), sizeof(lv_output),
                                     sizeof(lv_pulse), sizeof(lv_server), sizeof(lv_look)};
    return which >= 0 && which < 7 ? sizes[which] : 0;
}

static uint64_t least(uint64_t one, uint64_t other) { return one < other ? one : other; }

static uint64_t grown(uint64_t *counter, uint64_t by) {
    uint64_t count = LOAD_RELAXED(counter) + by;
    STORE_RELEASE(counter, count);
    return count;
}

/* Rings. A reader copies first and then looks at the counter: what was overwritten meanwhile is not believed. */

static void publish(lv_ring *ring, uint64_t frames) {
    grown(&ring->written, frames);
    FENCE_RELEASE(); /* who sees a sample of the next block must see this count */
}

void lv_write(lv_ring *ring, const float *samples, uint64_t frames) {
    while (frames) {
        uint64_t count = least(frames, ring->max_block), at = LOAD_RELAXED(&ring->written), i;
        for (i = 0; i < count; i++) put(&ring->data[(at + i) & (ring->size - 1)], samples[i]);
        publish(ring, count);
        samples += count;
        frames -= count;
    }
}

uint64_t lv_read(const lv_ring *ring, uint64_t first, float *samples, uint64_t frames) {
    uint64_t end = first + frames, written = LOAD_ACQUIRE(&ring->written), oldest = 0, i;
    uint64_t known_end = least(end, written);
    uint64_t from = written > ring->size && first < written - ring->size ? written - ring->size : first;
    memset(samples, 0, (size_t)frames * sizeof(float));
    for (i = from; i < known_end; i++) samples[i - first] = get(&ring->data[i & (ring->size - 1)]);
    FENCE_ACQUIRE();
#ifndef LV_WITHOUT_GUARD /* defined by a test only, to see it fail */
    written = LOAD_RELAXED(&ring->written) + ring->max_block;
#endif
    if (written > ring->size) oldest = written - ring->size;
    for (i = from; i < least(oldest, known_end); i++) samples[i - first] = 0.0f;
    if (from < oldest) from = oldest;
    return known_end > from ? known_end - from : 0;
}

/* Capture */

int lv_record(const void *input, void *output, unsigned long frames, const void *time, unsigned long flags,
              void *user) {
    lv_capture *capture = user;
    lv_ring *ring = &capture->ring;
    const float *in = input;
    uint32_t channels = capture->channels, c;
    uint64_t rest = frames;
    (void)output;
    (void)time;
    if (flags & INPUT_OVERFLOW) grown(&capture->overflows, 1);
    while (rest) {
        uint64_t count = least(rest, ring->max_block), at = LOAD_RELAXED(&ring->written), i;
        for (i = 0; i < count; i++) {
            float sum = 0.0f;
            if (in)
                for (c = 0; c < channels; c++) sum += *in++;
            put(&ring->data[(at + i) & (ring->size - 1)], channels > 1 ? sum / (float)channels : sum);
        }
        publish(ring, count);
        rest -= count;
    }
    return 0;
}

/* Playback */

static void ramp_to(lv_reply *reply, float target, uint32_t frames) {
    reply->target = target;
    reply->left = target == reply->gain ? 0 : frames ? frames : 1;
    reply->step = reply->left ? (target - reply->gain) / (float)reply->left : 0.0f;
}

static float next_gain(lv_reply *reply) {
    if (reply->left) reply->gain = --reply->left ? reply->gain + reply->step : reply->target;
    return reply->gain;
}

/* The next sample at its level, unless there is none or the reply stands still; whether it was taken. */
static int take(lv_reply *reply, uint64_t written, uint64_t at, float *sample) {
    float gain = next_gain(reply);
    if (at >= written || (reply->is_held && gain <= 0.0f)) return 0;
    *sample += reply->data[at & (reply->size - 1)] * gain;
    return 1;
}

static void obey(lv_reply *reply, uint32_t edge) {
    uint64_t command = LOAD(&reply->command);
    uint32_t bits = (uint32_t)command;
    float gain;
    if (command == reply->obeyed) return;
    reply->obeyed = command;
    reply->is_held = (command & HELD) != 0;
    memcpy(&gain, &bits, sizeof gain);
    if (reply->is_held && !reply->has_sounded) { /* nothing to fade out */
        reply->gain = 0.0f;
        edge = 0;
    }
    if (reply->is_held)
        ramp_to(reply, 0.0f, edge);
    else
        ramp_to(reply, gain, (uint32_t)(command >> 32) & MOST_RAMP_FRAMES);
}

/* Go away from the present sample without a click: what sounds there fades out beside what comes next. */
static void leave(lv_output *output, lv_reply *reply) {
    uint32_t rest = output->tail_end - output->tail_at, i;
    uint64_t written = LOAD_ACQUIRE(&reply->written), at = LOAD_RELAXED(&reply->read);
    if (!reply->has_sounded) return;
    memmove(output->tail, output->tail + output->tail_at, rest * sizeof(float));
    for (i = rest; i < output->edge; i++) output->tail[i] = 0.0f;
    output->tail_at = 0;
    output->tail_end = rest > output->edge ? rest : output->edge;
    if (!reply->is_held) ramp_to(reply, 0.0f, output->edge);
    for (i = 0; i < output->edge; i++) at += (uint64_t)take(reply, written, at, &output->tail[i]);
}

static void count_gap(lv_output *output, lv_reply *reply, uint64_t taken, uint64_t missing) {
    uint64_t expects = LOAD_RELAXED(&reply->expects);
    if (taken) reply->is_dry = 0;
    if (!missing || reply->is_held || !reply->has_sounded || expects == LV_COMPLETE) {
        reply->is_dry = 0;
        return;
    }
    grown(&output->gap_frames, missing);
    if (reply->is_dry) return;
    reply->is_dry = 1;
    grown(&output->gaps, 1);
    if (expects == LV_WAITING) grown(&output->underruns, 1);
}

static void fill(lv_output *output, lv_reply *reply, float *out, uint64_t count) {
    lv_ring *ring = &output->played;
    uint64_t at = LOAD_RELAXED(&ring->written), i;
    uint64_t written = reply ? LOAD_ACQUIRE(&reply->written) : 0;
    uint64_t first = reply ? LOAD_RELAXED(&reply->read) : 0, read = first;
    uint32_t c;
    for (i = 0; i < count; i++) {
        float sample = output->tail_at < output->tail_end ? output->tail[output->tail_at++] : 0.0f;
        if (reply) read += (uint64_t)take(reply, written, read, &sample);
        sample = sample > 1.0f ? 1.0f : sample >= -1.0f ? sample : sample < -1.0f ? -1.0f : 0.0f; /* 0 for no number */
        put(&ring->data[(at + i) & (ring->size - 1)], sample);
        for (c = 0; c < output->channels; c++) *out++ = sample;
    }
    publish(ring, count);
    if (!reply) return;
    if (read > first) reply->has_sounded = 1;
    count_gap(output, reply, read - first, count - (read - first));
    STORE_RELEASE(&reply->read, read);
}

/* How far a reply would get, were it held from the next block on. While it fades out this stays the same. */
static uint64_t end_if_held(const lv_output *output, const lv_reply *reply) {
    uint64_t read = LOAD_RELAXED(&reply->read);
    if (!reply->has_sounded) return read;
    if (reply->is_held) return read + (reply->left ? reply->left - 1 : 0);
    return read + (reply->gain > 0.0f && output->edge ? output->edge - 1 : 0);
}

int lv_play(const void *input, void *output_buffer, unsigned long frames, const void *time, unsigned long flags,
            void *user) {
    lv_output *output = user;
    lv_reply *wanted, *current;
    float *out = output_buffer;
    uint64_t rest = frames;
    (void)input;
    (void)time;
    STORE(&output->begun, LOAD_RELAXED(&output->begun) + 1); /* before any command is looked at: see lv_hold */
    if (flags & OUTPUT_UNDERFLOW) grown(&output->underflows, 1);
    wanted = LOAD_POINTER(&output->wanted);
    current = LOAD_POINTER(&output->current);
    if (wanted != current) {
        if (current) leave(output, current);
        STORE_POINTER(&output->current, wanted);
    }
    if (wanted) obey(wanted, output->edge);
    while (rest) {
        uint64_t count = least(rest, output->played.max_block);
        fill(output, wanted, out, count);
        out += count * output->channels;
        rest -= count;
    }
    if (wanted) STORE_RELEASE(&wanted->end_if_held, end_if_held(output, wanted));
    grown(&output->done, 1);
    return 0;
}

/* The other side */

void lv_append(lv_reply *reply, const float *samples, uint64_t frames) {
    uint64_t at = LOAD_RELAXED(&reply->written), i;
    for (i = 0; i < frames; i++) reply->data[(at + i) & (reply->size - 1)] = samples[i];
    grown(&reply->written, frames);
}

void lv_level(lv_reply *reply, float gain, uint32_t frames) {
    uint32_t bits;
    memcpy(&bits, &gain, sizeof bits);
    if (frames > MOST_RAMP_FRAMES) frames = MOST_RAMP_FRAMES;
    STORE(&reply->command, (uint64_t)frames << 32 | bits);
}

uint64_t lv_hold(lv_output *output, lv_reply *reply) {
    int look;
    STORE(&reply->command, HELD);
    for (look = 0; look < PATIENCE; look++) {
        uint64_t done = LOAD(&output->done);
        if (done == LOAD(&output->begun)) /* no block under way: every later one sees the command */
            return least(LOAD_ACQUIRE(&reply->end_if_held), LOAD_RELAXED(&reply->written));
    }
    return LV_UNDECIDED;
}

void lv_want(lv_output *output, lv_reply *reply) { STORE_POINTER(&output->wanted, reply); }

#include "callback_pulse.h"
#include "callback_look.h"
