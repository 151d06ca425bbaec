/* The audio callbacks under real threads, for sanitizers: stress SAMPLES [BLOCK]. Says what went wrong, exits with 1. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "callback.h"

enum { READERS = 3, SIZE = 1 << 15, WINDOW = 64, REPLY_SIZE = 1 << 12, EDGE = 80, CYCLE = 1000003 };

#define SEEN(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define SET(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)

static uint64_t samples, block = 480;
static int ended, wrong;

static void *zeroed(size_t bytes) {
    void *memory = calloc(1, bytes);
    if (!memory) exit(2);
    return memory;
}

static float value(uint64_t frame) { return (float)(frame % CYCLE + 1); } /* exact, and never 0 */

static void complain(const char *what, uint64_t one, uint64_t other) {
    if (!__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED))
        fprintf(stderr, "%s: %llu, %llu\n", what, (unsigned long long)one, (unsigned long long)other);
}

/* One writer, readers at the edge of what is being overwritten. */

static void *record(void *user) {
    lv_capture *capture = user;
    float *sound = zeroed(block * sizeof *sound);
    uint64_t at, i;
    for (at = 0; at < samples; at += block) {
        for (i = 0; i < block; i++) sound[i] = value(at + i);
        lv_record(sound, NULL, (unsigned long)block, NULL, 0, capture);
    }
    SET(&ended, 1);
    free(sound);
    return NULL;
}

static void *follow(void *user) {
    lv_capture *capture = user;
    float window[WINDOW];
    uint64_t seen = 0, i;
    while (!SEEN(&ended)) {
        uint64_t written = SEEN(&capture->ring.written), edge = written + block;
        uint64_t first = edge > SIZE + 16 ? edge - SIZE - 16 : 0, there = lv_read(&capture->ring, first, window, WINDOW);
        seen += there;
        for (i = 0; i < WINDOW; i++)
            if (window[i] != 0.0f && window[i] != value(first + i)) complain("torn sample", first + i, written);
    }
    if (!seen) fprintf(stderr, "a reader saw nothing\n");
    return NULL;
}

/* Who waits for a sound, and is called to the end. */
static lv_look looking = {3, 512, 3, 1, 0, 1.0f, 1.06f, 2.0f, 0};

static void *await(void *user) {
    lv_capture *capture = user;
    while (!SEEN(&ended)) {
        uint64_t looks = lv_await(&looking, &capture->ring, 1, 50);
        if (looks < 1 || looks > 50) complain("looks", looks, 50);
    }
    return NULL;
}

static void rings(void) {
    lv_capture *capture = zeroed(sizeof *capture);
    pthread_t writer, readers[READERS], waiter;
    int i;
    capture->ring.data = zeroed(SIZE * sizeof(float));
    capture->ring.size = SIZE;
    capture->ring.max_block = block;
    capture->channels = 1;
    ended = 0;
    for (i = 0; i < READERS; i++) pthread_create(&readers[i], NULL, follow, capture);
    pthread_create(&waiter, NULL, await, capture);
    pthread_create(&writer, NULL, record, capture);
    pthread_join(writer, NULL);
    for (i = 0; i < READERS; i++) pthread_join(readers[i], NULL);
    SET(&looking.is_called, 1);
    pthread_join(waiter, NULL);
    free(capture->ring.data);
    free(capture);
}

/* One reply after the other: written, ducked, held, cut at a told frame, freed as soon as the callback is through. */

static void *play(void *user) {
    lv_output *output = user;
    float *out = malloc(2 * 480 * sizeof *out);
    float window[480];
    if (!out) exit(2);
    while (!SEEN(&ended)) {
        uint64_t at = SEEN(&output->played.written), i;
        lv_play(NULL, out, 480, NULL, 0, output);
        if (lv_read(&output->played, at, window, 480) != 480) complain("not all was played", at, 480);
        for (i = 0; i < 480; i++)
            if (window[i] != out[2 * i] || window[i] != out[2 * i + 1]) complain("played is not what sounds", at, i);
    }
    free(out);
    return NULL;
}

static lv_reply *new_reply(void) {
    lv_reply *reply = zeroed(sizeof *reply);
    reply->data = zeroed(REPLY_SIZE * sizeof(float));
    reply->size = REPLY_SIZE;
    reply->gain = 1.0f;
    reply->expects = LV_OPEN;
    lv_level(reply, 1.0f, EDGE);
    return reply;
}

static void free_reply(lv_output *output, lv_reply *reply, uint64_t begun) {
    while (SEEN(&output->done) <= begun) sched_yield();
    free(reply->data);
    free(reply);
}

static uint64_t hold(lv_output *output, lv_reply *reply) {
    uint64_t frame;
    while ((frame = lv_hold(output, reply)) == LV_UNDECIDED) sched_yield();
    return frame;
}

static void speak(lv_output *output, lv_reply *reply, unsigned turn) {
    float sound[300];
    uint64_t told, done, i;
    unsigned part;
    for (i = 0; i < 300; i++) sound[i] = 0.5f;
    for (part = 0; part < 20 + turn % 30; part++) {
        while (reply->written - SEEN(&reply->read) > REPLY_SIZE - 800) sched_yield();
        lv_append(reply, sound, 300);
        if (part == 5) lv_level(reply, 0.1f, turn % 200);
        if (part == 9) hold(output, reply);
        if (part == 10) lv_level(reply, 1.0f, EDGE);
    }
    if (turn % 3 == 0) return; /* left while it sounds */
    told = hold(output, reply);
    done = SEEN(&output->done);
    while (SEEN(&output->done) < done + 3) sched_yield();
    if (SEEN(&reply->read) != told) complain("not cut where it was told", told, SEEN(&reply->read));
}

static void replies(unsigned count) {
    lv_output *output = zeroed(sizeof *output);
    lv_reply *reply = NULL;
    pthread_t player;
    unsigned turn;
    output->played.data = zeroed(SIZE * sizeof(float));
    output->played.size = SIZE;
    output->played.max_block = 256;
    output->channels = 2;
    output->edge = EDGE;
    ended = 0;
    pthread_create(&player, NULL, play, output);
    for (turn = 0; turn < count; turn++) {
        lv_reply *next = new_reply(), *old = reply;
        reply = next;
        lv_want(output, reply);
        if (old) free_reply(output, old, SEEN(&output->begun));
        speak(output, reply, turn);
    }
    SET(&ended, 1);
    pthread_join(player, NULL);
    if (reply) free(reply->data);
    free(reply);
    free(output->played.data);
    free(output);
}

int main(int argc, char **argv) {
    samples = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000000;
    block = argc > 2 ? strtoull(argv[2], NULL, 10) : 4096;
    rings();
    replies(argc > 3 ? (unsigned)atoi(argv[3]) : 300);
    return wrong != 0;
}
