/* The network of Silero VAD at 16 kHz; part of reflex_kernels.h. */

/* e^x by its powers of 2, right to 2e-7 of itself. */
static inline float LV(exponential)(float x) {
    float n, f, result;
    int32_t bits;
    x = x > 88.0f ? 88.0f : x >= -87.0f ? x : -87.0f; /* the last one for no number, too */
    n = (x * 1.44269504f + 12582912.0f) - 12582912.0f; /* to the nearest whole number */
    f = x - n * 0.693359375f + n * 2.12194440e-4f;
    result = 1.9875691500e-4f;
    result = result * f + 1.3981999507e-3f;
    result = result * f + 8.3334519073e-3f;
    result = result * f + 4.1665795894e-2f;
    result = result * f + 1.6666665459e-1f;
    result = result * f + 5.0000001201e-1f;
    result = result * f * f + f + 1.0f;
    bits = ((int32_t)n + 127) << 23;
    memcpy(&f, &bits, sizeof f);
    return result * f;
}

static inline float LV(sigmoid)(float x) { return 1.0f / (1.0f + LV(exponential)(-x)); }
static inline float LV(tangent)(float x) { return 2.0f / (1.0f + LV(exponential)(-2.0f * x)) - 1.0f; }

/* Magnitudes of the 4 frames of a window and its context, 129 each, between two frames of zeros. */
static void LV(magnitudes)(const float *context, const float *window, float *frames) {
    float sound[LV_CONTEXT + LV_WINDOW + 64], shaped[256];
    wave spectrum;
    int frame, i;
    memcpy(sound, context, LV_CONTEXT * sizeof(float));
    memcpy(sound + LV_CONTEXT, window, LV_WINDOW * sizeof(float));
    for (i = 0; i < 64; i++) sound[LV_CONTEXT + LV_WINDOW + i] = sound[LV_CONTEXT + LV_WINDOW - 2 - i]; /* mirrored */
    for (frame = 0; frame < 4; frame++) {
        float *to = frames + (frame + 1) * 129;
        for (i = 0; i < 256; i++) shaped[i] = sound[128 * frame + i] * hann[i];
        LV(analyse)(&of_256, shaped, &spectrum);
        for (i = 0; i < 129; i++)
            to[i] = sqrtf(spectrum.re[i] * spectrum.re[i] + spectrum.im[i] * spectrum.im[i]);
    }
}

/* One step of the LSTM; its input lies before the hidden state. */
static void LV(remember)(lv_silero *silero, const float *seen) {
    float gates[4 * LV_HIDDEN];
    int i;
    LV(dense)(silero->net->gates, silero->net->biases + 384, seen, gates, 2 * LV_HIDDEN, 4 * LV_HIDDEN);
    for (i = 0; i < LV_HIDDEN; i++) {
        float kept = LV(sigmoid)(gates[2 * LV_HIDDEN + i]) * silero->cell[i];
        silero->cell[i] = kept + LV(sigmoid)(gates[i]) * LV(tangent)(gates[3 * LV_HIDDEN + i]);
        silero->hidden[i] = LV(sigmoid)(gates[LV_HIDDEN + i]) * LV(tangent)(silero->cell[i]);
    }
}

static float LV(hear)(lv_silero *silero, const float *window) {
    const lv_silero_net *net = silero->net;
    float frames[6 * 129 + 1] = {0}, wide[6 * 128] = {0}, halved[2 * 64], joined[64], seen[2 * LV_HIDDEN];
    float sum = net->decoder[LV_HIDDEN];
    int i;
    LV(magnitudes)(silero->context, window, frames);
    memcpy(silero->context, window + LV_WINDOW - LV_CONTEXT, LV_CONTEXT * sizeof(float));
    LV(convolve)(net->wide, net->biases, frames, 129, wide + 128, 128, 3 * 129, 128, 4);
    LV(convolve)(net->halved, net->biases + 128, wide, 256, halved, 64, 3 * 128, 64, 2);
    LV(dense)(net->joined, net->biases + 192, halved, joined, 128, 64);
    for (i = 0; i < 64; i++) joined[i] = joined[i] > 0.0f ? joined[i] : 0.0f;
    LV(dense)(net->last, net->biases + 256, joined, seen, 64, 128);
    for (i = 0; i < 128; i++) seen[i] = seen[i] > 0.0f ? seen[i] : 0.0f;
    memcpy(seen + LV_HIDDEN, silero->hidden, LV_HIDDEN * sizeof(float));
    LV(remember)(silero, seen);
    for (i = 0; i < LV_HIDDEN; i++)
        if (silero->hidden[i] > 0.0f) sum += net->decoder[i] * silero->hidden[i];
    return LV(sigmoid)(sum);
}
