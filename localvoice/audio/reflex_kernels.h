/* The loops of the reflex. reflex.c includes this file once for every kind of processor: no include guard. LV(name) is
 * the name of a function for the present kind.
 */

/* Matrices */

#if defined(__GNUC__) || defined(__clang__)
/* As many numbers at once as the processor takes, wherever they lie. */
typedef float LV(lanes) __attribute__((vector_size(LV_VECTOR), aligned(4), may_alias));
#define LANES LV(lanes)
#define PART (LV_VECTOR / (int)sizeof(float) * 4) /* of a panel, in four sums */

/* y = bias + matrix x for two x at once: what is loaded of the matrix is used for both. */
static inline void LV(panel)(const float *matrix, const float *bias, const float *x, const float *x2, float *y,
                             float *y2, int inputs) {
    int part, i;
    for (part = 0; part < LV_PANEL; part += PART) {
        const float *row = matrix + part;
        const LANES *start = (const LANES *)(bias + part);
        LANES a0 = start[0], a1 = start[1], a2 = start[2], a3 = start[3], b0 = a0, b1 = a1, b2 = a2, b3 = a3;
        LANES *to = (LANES *)(y + part), *to2 = (LANES *)(y2 + part);
        for (i = 0; i < inputs; i++, row += LV_PANEL) {
            const LANES *rows = (const LANES *)row;
            float one = x[i], other = x2[i];
            a0 += rows[0] * one, a1 += rows[1] * one, a2 += rows[2] * one, a3 += rows[3] * one;
            b0 += rows[0] * other, b1 += rows[1] * other, b2 += rows[2] * other, b3 += rows[3] * other;
        }
        to[0] = a0, to[1] = a1, to[2] = a2, to[3] = a3;
        to2[0] = b0, to2[1] = b1, to2[2] = b2, to2[3] = b3;
    }
}

/* The same for one x: even and odd inputs apart, since an addition has to wait for the one before it. */
static inline void LV(single)(const float *matrix, const float *bias, const float *x, float *y, int inputs) {
    int part, i;
    for (part = 0; part < LV_PANEL; part += PART) {
        const float *row = matrix + part;
        const LANES *start = (const LANES *)(bias + part);
        LANES a0 = start[0], a1 = start[1], a2 = start[2], a3 = start[3], b0 = {0}, b1 = {0}, b2 = {0}, b3 = {0};
        LANES *to = (LANES *)(y + part);
        for (i = 0; i < inputs; i += 2, row += 2 * LV_PANEL) {
            const LANES *rows = (const LANES *)row, *next = (const LANES *)(row + LV_PANEL);
            float one = x[i], other = x[i + 1];
            a0 += rows[0] * one, a1 += rows[1] * one, a2 += rows[2] * one, a3 += rows[3] * one;
            b0 += next[0] * other, b1 += next[1] * other, b2 += next[2] * other, b3 += next[3] * other;
        }
        to[0] = a0 + b0, to[1] = a1 + b1, to[2] = a2 + b2, to[3] = a3 + b3;
    }
}
#undef PART

/* Sum of products. */
static float LV(product)(const float *one, const float *other, int count) {
    LANES sums = {0}, more = {0};
    float sum = 0.0f;
    int i, step = LV_VECTOR / (int)sizeof(float);
    for (i = 0; i + 2 * step <= count; i += 2 * step) {
        sums += *(const LANES *)(one + i) * *(const LANES *)(other + i);
        more += *(const LANES *)(one + i + step) * *(const LANES *)(other + i + step);
    }
    for (; i < count; i++) sum += one[i] * other[i];
    sums += more;
    for (i = 0; i < step; i++) sum += sums[i];
    return sum;
}
#undef LANES
#else
static float LV(product)(const float *one, const float *other, int count) {
    float sum = 0.0f;
    int i;
    for (i = 0; i < count; i++) sum += one[i] * other[i];
    return sum;
}

static void LV(single)(const float *matrix, const float *bias, const float *x, float *y, int inputs) {
    float sums[LV_PANEL];
    int i, k;
    memcpy(sums, bias, sizeof sums);
    for (i = 0; i < inputs; i++, matrix += LV_PANEL)
        for (k = 0; k < LV_PANEL; k++) sums[k] += matrix[k] * x[i];
    memcpy(y, sums, sizeof sums);
}

static void LV(panel)(const float *matrix, const float *bias, const float *x, const float *x2, float *y, float *y2,
                      int inputs) {
    LV(single)(matrix, bias, x, y, inputs);
    LV(single)(matrix, bias, x2, y2, inputs);
}
#endif

/* A layer for one x, which has an even number of inputs. */
static void LV(dense)(const float *matrix, const float *bias, const float *x, float *y, int inputs, int outputs) {
    int at;
    for (at = 0; at < outputs; at += LV_PANEL) LV(single)(matrix + at * inputs, bias + at, x, y + at, inputs);
}

/* A layer at an even number of places, x `x_step` and y `y_step` apart; what is under 0 becomes 0. */
static void LV(convolve)(const float *matrix, const float *bias, const float *x, int x_step, float *y, int y_step,
                         int inputs, int outputs, int places) {
    int at, place, i;
    for (at = 0; at < outputs; at += LV_PANEL)
        for (place = 0; place < places; place += 2)
            LV(panel)(matrix + at * inputs, bias + at, x + place * x_step, x + (place + 1) * x_step,
                      y + place * y_step + at, y + (place + 1) * y_step + at, inputs);
    for (place = 0; place < places; place++)
        for (i = 0; i < outputs; i++) y[place * y_step + i] = y[place * y_step + i] > 0.0f ? y[place * y_step + i] : 0.0f;
}

static void LV(resample)(const float *heard, const int64_t *starts, const float *phases, float *samples, int count,
                         int taps) {
    int i;
    for (i = 0; i < count; i++) samples[i] = LV(product)(heard + starts[i], phases + i * taps, taps);
}

/* Transforms */

/* The stages of Stockham's transform: `groups` of 2, 4 or 5 values, `step` apart, into their places of the next stage.
 * In a stage of `radix` value j of group p is turned by j p of radix * groups parts of a circle. */

static inline void LV(by_2)(const plan *of, int groups, int step, const wave *from, wave *to) {
    int p, q, every = of->length / (2 * groups);
    for (p = 0; p < groups; p++) {
        const float c = of->cosine[p * every], s = -of->sine[p * every];
        const float *re = from->re + step * p, *im = from->im + step * p;
        float *to_re = to->re + 2 * step * p, *to_im = to->im + 2 * step * p;
        const int far = step * groups;
        for (q = 0; q < step; q++) {
            float d = re[q] - re[q + far], e = im[q] - im[q + far];
            to_re[q] = re[q] + re[q + far];
            to_im[q] = im[q] + im[q + far];
            to_re[q + step] = d * c - e * s;
            to_im[q + step] = d * s + e * c;
        }
    }
}

static inline void LV(by_4)(const plan *of, int groups, int step, const wave *from, wave *to) {
    int p, q, every = of->length / (4 * groups);
    for (p = 0; p < groups; p++) {
        const float c1 = of->cosine[p * every], s1 = -of->sine[p * every];
        const float c2 = of->cosine[2 * p * every], s2 = -of->sine[2 * p * every];
        const float c3 = of->cosine[3 * p * every], s3 = -of->sine[3 * p * every];
        const float *re = from->re + step * p, *im = from->im + step * p;
        float *to_re = to->re + 4 * step * p, *to_im = to->im + 4 * step * p;
        const int far = step * groups;
        for (q = 0; q < step; q++) {
            float a = re[q] + re[q + 2 * far], b = im[q] + im[q + 2 * far];
            float c = re[q] - re[q + 2 * far], d = im[q] - im[q + 2 * far];
            float e = re[q + far] + re[q + 3 * far], f = im[q + far] + im[q + 3 * far];
            float g = re[q + far] - re[q + 3 * far], h = im[q + far] - im[q + 3 * far];
            float u, v;
            to_re[q] = a + e;
            to_im[q] = b + f;
            u = c + h, v = d - g;
            to_re[q + step] = u * c1 - v * s1;
            to_im[q + step] = u * s1 + v * c1;
            u = a - e, v = b - f;
            to_re[q + 2 * step] = u * c2 - v * s2;
            to_im[q + 2 * step] = u * s2 + v * c2;
            u = c - h, v = d + g;
            to_re[q + 3 * step] = u * c3 - v * s3;
            to_im[q + 3 * step] = u * s3 + v * c3;
        }
    }
}

/* The last stage there is: one group, nothing to turn. */
static inline void LV(by_5)(const plan *of, int step, const wave *from, wave *to) {
    const float c1 = of->cosine[of->length / 5], s1 = of->sine[of->length / 5];
    const float c2 = of->cosine[2 * of->length / 5], s2 = of->sine[2 * of->length / 5];
    const float *re = from->re, *im = from->im;
    int q;
    for (q = 0; q < step; q++) {
        float a = re[q + step] + re[q + 4 * step], b = im[q + step] + im[q + 4 * step];
        float c = re[q + step] - re[q + 4 * step], d = im[q + step] - im[q + 4 * step];
        float e = re[q + 2 * step] + re[q + 3 * step], f = im[q + 2 * step] + im[q + 3 * step];
        float g = re[q + 2 * step] - re[q + 3 * step], h = im[q + 2 * step] - im[q + 3 * step];
        float u = re[q] + c1 * a + c2 * e, v = im[q] + c1 * b + c2 * f;
        float w = s1 * c + s2 * g, x = s1 * d + s2 * h;
        to->re[q] = re[q] + a + e;
        to->im[q] = im[q] + b + f;
        to->re[q + step] = u + x, to->im[q + step] = v - w;
        to->re[q + 4 * step] = u - x, to->im[q + 4 * step] = v + w;
        u = re[q] + c2 * a + c1 * e, v = im[q] + c2 * b + c1 * f;
        w = s2 * c - s1 * g, x = s2 * d - s1 * h;
        to->re[q + 2 * step] = u + x, to->im[q + 2 * step] = v - w;
        to->re[q + 3 * step] = u - x, to->im[q + 3 * step] = v + w;
    }
}

/* The complex transform of half of the length, there and back between both; where the result lies. */
static wave *LV(turned)(const plan *of, wave *one, wave *other) {
    wave *from = one, *to = other, *before;
    int rest = of->length / 2, step = 1;
    while (rest > 1) {
        int radix = rest % 4 == 0 ? 4 : rest % 2 == 0 ? 2 : 5;
        rest /= radix;
        if (radix == 4) LV(by_4)(of, rest, step, from, to);
        if (radix == 2) LV(by_2)(of, rest, step, from, to);
        if (radix == 5) LV(by_5)(of, step, from, to);
        step *= radix;
        before = from, from = to, to = before;
    }
    return from;
}

/* Spectrum of `length` samples: length / 2 + 1 values. */
static void LV(analyse)(const plan *of, const float *samples, wave *spectrum) {
    wave one, other, *half;
    const int n = of->length / 2;
    int k;
    for (k = 0; k < n; k++) one.re[k] = samples[2 * k], one.im[k] = samples[2 * k + 1];
    half = LV(turned)(of, &one, &other);
    half->re[n] = half->re[0], half->im[n] = half->im[0];
    for (k = 0; k <= n; k++) {
        /* even samples are the sum with the mirror image, odd ones the difference */
        float a = half->re[k] + half->re[n - k], b = half->im[k] - half->im[n - k];
        float c = half->im[k] + half->im[n - k], d = half->re[n - k] - half->re[k];
        spectrum->re[k] = 0.5f * (a + of->cosine[k] * c + of->sine[k] * d);
        spectrum->im[k] = 0.5f * (b + of->cosine[k] * d - of->sine[k] * c);
    }
}

/* The samples of a spectrum. */
static void LV(synthesise)(const plan *of, const wave *spectrum, float *samples) {
    wave one, other, *half;
    const int n = of->length / 2;
    const float scale = 1.0f / (float)of->length;
    int k;
    /* the other way round: real and imaginary parts exchanged before and after */
    for (k = 0; k < n; k++) {
        float im = k ? spectrum->im[k] : 0.0f, last = k ? spectrum->im[n - k] : 0.0f; /* of 0 Hz and the highest: none */
        float a = spectrum->re[k] + spectrum->re[n - k], b = im - last;
        float c = spectrum->re[k] - spectrum->re[n - k], d = im + last;
        one.im[k] = a - of->cosine[k] * d - of->sine[k] * c;
        one.re[k] = b + of->cosine[k] * c - of->sine[k] * d;
    }
    half = LV(turned)(of, &one, &other);
    for (k = 0; k < n; k++) samples[2 * k] = scale * half->im[k], samples[2 * k + 1] = scale * half->re[k];
}

/* Silero */

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

/* The linear model of the echo: echo_filter.py in the same order, with its constants. */

static float *LV(row)(float *rows, uint32_t number) { return rows + number % LV_PARTITIONS * LV_ROW; }

/* What the path makes of the far end; adds each partition's share of the doubt. */
static void LV(predict)(lv_linear *linear, wave *echo, float *doubt) {
    uint32_t p;
    int k;
    memset(echo, 0, sizeof *echo);
    memset(doubt, 0, LV_BINS * sizeof(float));
    for (p = 0; p < LV_PARTITIONS; p++) {
        const float *re = LV(row)(linear->far_re, linear->newest + p), *im = LV(row)(linear->far_im, linear->newest + p);
        const float *power = LV(row)(linear->powers, linear->newest + p);
        const float *path_re = LV(row)(linear->path_re, p), *path_im = LV(row)(linear->path_im, p);
        float *unsure = LV(row)(linear->unsure, p);
        for (k = 0; k < LV_BINS; k++) {
            echo->re[k] += re[k] * path_re[k] - im[k] * path_im[k];
            echo->im[k] += re[k] * path_im[k] + im[k] * path_re[k];
            unsure[k] = unsure[k] * (KEEPS * KEEPS) +
                        (1.0f - KEEPS * KEEPS) * (path_re[k] * path_re[k] + path_im[k] * path_im[k]);
            doubt[k] += power[k] * unsure[k];
        }
    }
}

/* The path after a block that left `left`; `sure` is 1 over doubt and error together. */
static void LV(learn_path)(lv_linear *linear, const wave *left, const float *sure) {
    uint32_t p;
    int k;
    for (p = 0; p < LV_PARTITIONS; p++) {
        const float *re = LV(row)(linear->far_re, linear->newest + p), *im = LV(row)(linear->far_im, linear->newest + p);
        const float *power = LV(row)(linear->powers, linear->newest + p);
        float *path_re = LV(row)(linear->path_re, p), *path_im = LV(row)(linear->path_im, p);
        float *unsure = LV(row)(linear->unsure, p);
        for (k = 0; k < LV_BINS; k++) {
            float gain = unsure[k] * sure[k];
            path_re[k] = KEEPS * (path_re[k] + gain * (re[k] * left->re[k] + im[k] * left->im[k]));
            path_im[k] = KEEPS * (path_im[k] + gain * (re[k] * left->im[k] - im[k] * left->re[k]));
            unsure[k] *= 1.0f - 0.5f * gain * power[k];
        }
    }
}

/* Of an impulse response twice as long as a block the second half is an artefact of the transform. */
static void LV(constrain)(lv_linear *linear) {
    uint32_t first = linear->blocks / 2 * CONSTRAINED % LV_PARTITIONS, p;
    float response[2 * LV_BLOCK];
    wave path;
    for (p = first; p < first + CONSTRAINED; p++) {
        float *re = LV(row)(linear->path_re, p), *im = LV(row)(linear->path_im, p);
        memcpy(path.re, re, LV_BINS * sizeof(float));
        memcpy(path.im, im, LV_BINS * sizeof(float));
        LV(synthesise)(&of_320, &path, response);
        memset(response + LV_BLOCK, 0, LV_BLOCK * sizeof(float));
        LV(analyse)(&of_320, response, &path);
        memcpy(re, path.re, LV_BINS * sizeof(float));
        memcpy(im, path.im, LV_BINS * sizeof(float));
    }
}

/* Keep the newer half of two blocks and put the next one behind it. */
static void LV(shift)(float *blocks, const float *next) {
    memmove(blocks, blocks + LV_BLOCK, LV_BLOCK * sizeof(float));
    memcpy(blocks + LV_BLOCK, next, LV_BLOCK * sizeof(float));
}

static void LV(filter)(lv_linear *linear, const float *near, const float *far, float *left, float *echo) {
    float sound[2 * LV_BLOCK], sure[LV_BINS], *re, *im, *power;
    wave spectrum;
    int k;
    linear->newest = (linear->newest + LV_PARTITIONS - 1) % LV_PARTITIONS;
    re = LV(row)(linear->far_re, linear->newest), im = LV(row)(linear->far_im, linear->newest);
    power = LV(row)(linear->powers, linear->newest);
    LV(shift)(linear->played, far);
    LV(analyse)(&of_320, linear->played, &spectrum);
    for (k = 0; k < LV_BINS; k++) {
        re[k] = spectrum.re[k], im[k] = spectrum.im[k];
        power[k] = re[k] * re[k] + im[k] * im[k];
    }
    LV(predict)(linear, &spectrum, sure);
    LV(synthesise)(&of_320, &spectrum, sound);
    memcpy(echo, sound + LV_BLOCK, LV_BLOCK * sizeof(float));
    memset(sound, 0, LV_BLOCK * sizeof(float));
    for (k = 0; k < LV_BLOCK; k++) sound[LV_BLOCK + k] = left[k] = near[k] - echo[k];
    LV(analyse)(&of_320, sound, &spectrum);
    for (k = 0; k < LV_BINS; k++) {
        float error = spectrum.re[k] * spectrum.re[k] + spectrum.im[k] * spectrum.im[k];
        linear->error_power[k] += (1.0f - ERROR_MEMORY) * (error - linear->error_power[k]);
        sure[k] = 1.0f / (0.5f * sure[k] + linear->error_power[k] + 1e-9f);
    }
    LV(learn_path)(linear, &spectrum, sure);
    if (++linear->blocks % 2 == 0) LV(constrain)(linear);
}

/* What the model leaves: residue.py in the same order, with its constants. */

static float LV(larger)(float one, float other) { return one > other ? one : other; }
static float LV(smaller)(float one, float other) { return one < other ? one : other; }

static void LV(learn_rest)(lv_linear *linear, const float *power, const float *rest) {
    float sum = 0.0f, share;
    int k, is_settled;
    for (k = 0; k < LV_BINS; k++) sum += linear->echo[k];
    if (!(sum >= PREDICTED)) return;
    linear->learned++;
    share = LV(larger)(1.0f / (float)linear->learned, LEARN);
    is_settled = linear->learned > SETTLED_BLOCKS;
    for (k = 0; k < LV_BINS; k++) {
        float heard = LV(larger)(power[k] - linear->floor[k], 0.0f);
        if (is_settled) heard = LV(smaller)(heard, CAP * rest[k]);
        linear->rest_power[k] += share * (heard - linear->rest_power[k]);
        linear->echo_power[k] += share * (linear->echo[k] - linear->echo_power[k]);
        linear->rest_power[k] = LV(larger)(linear->rest_power[k], 1e-5f * linear->echo_power[k]);
    }
}

static float LV(judge)(lv_linear *linear, wave *spectrum, const wave *predicted) {
    float power[LV_BINS], rest[LV_BINS], sum = 0.0f;
    const float *draw_re = linear->draws_re + linear->drawn * LV_ROW, *draw_im = linear->draws_im + linear->drawn * LV_ROW;
    int k;
    for (k = 0; k < LV_BINS; k++) {
        float echo = predicted->re[k] * predicted->re[k] + predicted->im[k] * predicted->im[k];
        power[k] = spectrum->re[k] * spectrum->re[k] + spectrum->im[k] * spectrum->im[k];
        linear->echo[k] = LV(larger)(echo, FALL * linear->echo[k]);
        linear->smoothed[k] += (1.0f - NOISE_MEMORY) * (power[k] - linear->smoothed[k]);
        linear->floor[k] = LV(smaller)(linear->floor[k] * NOISE_RISE, LV(larger)(linear->smoothed[k], 1e-9f));
        rest[k] = linear->rest_power[k] / linear->echo_power[k] * linear->echo[k];
    }
    LV(learn_rest)(linear, power, rest);
    for (k = VOICE_FROM; k < VOICE_TO; k++)
        sum += log10f(LV(larger)(power[k] / (OVER * rest[k] + 2.0f * linear->floor[k]), 1.0f));
    for (k = 0; k < LV_BINS; k++) {
        float gain = LV(larger)(1.0f - OVER * rest[k] / (power[k] + 1e-12f), 0.0f);
        float noise = (1.0f - gain) * sqrtf(linear->floor[k]);
        spectrum->re[k] = gain * spectrum->re[k] + noise * draw_re[k];
        spectrum->im[k] = gain * spectrum->im[k] + noise * draw_im[k];
    }
    linear->drawn = (linear->drawn + 1) % LV_DRAWS;
    return sum / (VOICE_TO - VOICE_FROM);
}

static float LV(feed)(lv_linear *linear, const float *near, const float *far, float *out) {
    float left[LV_BLOCK], echo[LV_BLOCK], sound[2 * LV_BLOCK], excess;
    wave spectrum, predicted;
    int i;
    LV(filter)(linear, near, far, left, echo);
    LV(shift)(linear->left, left);
    LV(shift)(linear->predicted, echo);
    for (i = 0; i < 2 * LV_BLOCK; i++) sound[i] = root_hann[i] * linear->left[i];
    LV(analyse)(&of_320, sound, &spectrum);
    for (i = 0; i < 2 * LV_BLOCK; i++) sound[i] = root_hann[i] * linear->predicted[i];
    LV(analyse)(&of_320, sound, &predicted);
    excess = LV(judge)(linear, &spectrum, &predicted);
    LV(synthesise)(&of_320, &spectrum, sound);
    for (i = 0; i < LV_BLOCK; i++) {
        out[i] = linear->tail[i] + root_hann[i] * sound[i];
        linear->tail[i] = root_hann[LV_BLOCK + i] * sound[LV_BLOCK + i];
    }
    return excess;
}
