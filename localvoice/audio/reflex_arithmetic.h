/* Matrices, resampling and transforms; part of reflex_kernels.h. */

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
