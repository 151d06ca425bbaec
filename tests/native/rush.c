/* The reflex over random sound, for sanitizers: rush BLOCKS. Says what went wrong, exits with 1.
 *
 * A module of its own stands for livekit's; all memory is exactly as large as reflex.h says.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reflex.h"

static int wrong;
static uint64_t state = 88172645463325252u, asked, dropped, refused_from;
static const uint8_t ask_near[] = {1, 2}, ask_far[] = {3, 4, 5}, answer[] = {6, 7, 8, 9};

static void complain(const char *what, double seen) {
    if (!wrong++) fprintf(stderr, "%s: %g\n", what, seen);
}

/* -1 to 1 */
static float any(void) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (float)(state >> 40) / (float)(1 << 23) - 1.0f;
}

static void *memory(size_t bytes) {
    void *one = calloc(1, bytes);
    if (!one) exit(2);
    return one;
}

static float *noise(size_t count, float level) {
    float *one = memory(count * sizeof *one);
    size_t i;
    for (i = 0; i < count; i++) one[i] = level * any();
    return one;
}

static uint64_t request(const uint8_t *data, size_t bytes, const uint8_t **result, size_t *length) {
    if (bytes != (data[0] == 1 ? sizeof ask_near : sizeof ask_far)) complain("another request", (double)bytes);
    *result = answer;
    *length = asked >= refused_from ? sizeof answer : 2;
    return ++asked;
}

static uint8_t drop(uint64_t handle) {
    if (handle != asked) complain("another handle dropped", (double)handle);
    dropped++;
    return 1;
}

static lv_apm *module(void) {
    lv_apm *apm = memory(sizeof *apm);
    apm->request = (uintptr_t)request, apm->drop = (uintptr_t)drop;
    apm->ask_near = ask_near, apm->near_bytes = sizeof ask_near, apm->near_answer = 2;
    apm->ask_far = ask_far, apm->far_bytes = sizeof ask_far, apm->far_answer = 2;
    return apm;
}

static void check(const char *what, const float *samples, int count, float most) {
    int i;
    for (i = 0; i < count; i++)
        if (!(fabsf(samples[i]) <= most)) complain(what, samples[i]);
}

/* Sound that comes and goes, silence, and now and then what no device should give. */
static void give(lv_block *block, long number) {
    float level = number / 500 % 3 == 2 ? 0.0f : number % 1000 < 50 ? 30.0f : 0.2f;
    int i;
    for (i = 0; i < LV_BLOCK; i++) {
        block->far[i] = level * any();
        block->steady[i] = 0.9f * block->far[i];
        block->near[i] = 0.3f * block->far[i] + 0.001f * any();
    }
    block->has_steady = number > 20 && number % 997 != 0;
}

static void work(long blocks) {
    lv_block *block = memory(sizeof *block);
    lv_linear *linear = memory(sizeof *linear);
    float *draws[2];
    long number;
    int slept = 0, done;
    draws[0] = noise(LV_DRAWS * LV_ROW, 1.0f), draws[1] = noise(LV_DRAWS * LV_ROW, 1.0f);
    linear->draws_re = draws[0], linear->draws_im = draws[1];
    lv_linear_begin(linear);
    block->detecting = module(), block->recognising = module(), block->linear = linear;
    block->silent_blocks = LV_SLEEPS_AFTER;
    refused_from = UINT64_MAX;
    for (number = 0; number < blocks; number++) {
        give(block, number);
        done = lv_block_work(block);
        if (done < 0) complain("refused", (double)number);
        slept += !done;
        check("for detection", block->for_detection, LV_BLOCK, 40.0f);
        check("for recognition", block->for_recognition, LV_BLOCK, 40.0f);
        check("left", block->left, LV_BLOCK, 400.0f);
        check("excess", &block->excess, 1, 40.0f);
    }
    if (!slept || slept == blocks) complain("blocks slept", slept);
    if (asked != dropped || asked < 4) complain("answers that were not dropped", (double)(asked - dropped));
    for (number = 0; number < LV_BLOCK; number++) block->near[number] = number % 2 ? NAN : -INFINITY;
    if (lv_block_work(block) < 0) complain("what is no number", 0.0);
    block->far[0] = 1.0f;
    refused_from = 0;
    if (lv_block_work(block) != -1) complain("an error was not told", 0.0);
    free(block->detecting), free(block->recognising), free(linear), free(block), free(draws[0]), free(draws[1]);
}

static void hear(long windows) {
    lv_silero *silero = memory(sizeof *silero);
    lv_silero_net *net = memory(sizeof *net);
    float *parts[] = {noise(128 * 387, 0.1f),  noise(64 * 384, 0.1f), noise(64 * 128, 0.1f), noise(128 * 64, 0.1f),
                      noise(512 * 256, 0.1f), noise(129, 1.0f),      noise(896, 0.1f)};
    size_t i;
    net->wide = parts[0], net->halved = parts[1], net->joined = parts[2], net->last = parts[3];
    net->gates = parts[4], net->decoder = parts[5], net->biases = parts[6];
    silero->net = net;
    while (windows--) {
        float *window = noise(LV_WINDOW, windows % 10 ? 0.5f : 1e6f), heard;
        heard = lv_silero_hear(silero, window);
        if (!(heard >= 0.0f && heard <= 1.0f)) complain("probability", heard);
        free(window);
    }
    for (i = 0; i < sizeof parts / sizeof *parts; i++) free(parts[i]);
    free(net), free(silero);
}

int main(int count, char **words) {
    long blocks = count > 1 ? strtol(words[1], NULL, 10) : 3000;
    lv_reflex_begin();
    work(blocks);
    hear(blocks / 10);
    return wrong > 0;
}
