/* The linear model of the echo and what it leaves; part of reflex_kernels.h. */

/* The linear model of the echo: echo_filter.py in the same order, with its constants. */

static float *LV(row)(float *rows, uint32_t number) { return rows + number % LV_PARTITIONS * LV_ROW; }

/* What the path makes of the far end; adds each partition's share of the doubt. */
static void LV(predict)(lv_linear *linear, wave *echo, float *doubt, float forgets) {
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
            unsure[k] = unsure[k] * (1.0f - forgets) +
                        forgets * (path_re[k] * path_re[k] + path_im[k] * path_im[k]);
            doubt[k] += power[k] * unsure[k];
        }
    }
}

/* The path after a block that left `left`; `sure` is 1 over doubt and error together. */
static void LV(learn_path)(lv_linear *linear, const wave *left, const float *sure, float forgets) {
    const float keeps = sqrtf(1.0f - forgets);
    uint32_t p;
    int k;
    for (p = 0; p < LV_PARTITIONS; p++) {
        const float *re = LV(row)(linear->far_re, linear->newest + p), *im = LV(row)(linear->far_im, linear->newest + p);
        const float *power = LV(row)(linear->powers, linear->newest + p);
        float *path_re = LV(row)(linear->path_re, p), *path_im = LV(row)(linear->path_im, p);
        float *unsure = LV(row)(linear->unsure, p);
        for (k = 0; k < LV_BINS; k++) {
            float gain = unsure[k] * sure[k];
            path_re[k] = keeps * (path_re[k] + gain * (re[k] * left->re[k] + im[k] * left->im[k]));
            path_im[k] = keeps * (path_im[k] + gain * (re[k] * left->im[k] - im[k] * left->re[k]));
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

/* What takes nothing out, as loud as it predicts our voice, has another path before it: all that is known is in doubt. */
static void LV(doubt)(lv_linear *linear, const float *near, const float *left) {
    float heard = 0.0f, rest = 0.0f, echo = 0.0f;
    uint32_t p;
    int k;
    for (k = 0; k < LV_BLOCK; k++) {
        heard += near[k] * near[k], rest += left[k] * left[k];
        echo += (near[k] - left[k]) * (near[k] - left[k]);
    }
    linear->near_power += (1.0f - LOST_MEMORY) * (heard - linear->near_power);
    linear->left_power += (1.0f - LOST_MEMORY) * (rest - linear->left_power);
    linear->predicted_power += (1.0f - LOST_MEMORY) * (echo - linear->predicted_power);
    linear->near_lately += (1.0f - ASTRAY_MEMORY) * (heard - linear->near_lately);
    linear->left_lately += (1.0f - ASTRAY_MEMORY) * (rest - linear->left_lately);
    linear->predicted_lately += (1.0f - ASTRAY_MEMORY) * (echo - linear->predicted_lately);
    if (linear->blocks < FAST_BLOCKS || linear->predicted_power < LOST_ECHO * linear->near_power ||
        linear->left_power < LOST_LEFT * linear->near_power)
        return;
    linear->blocks = 0;
    for (p = 0; p < LV_PARTITIONS; p++) {
        float *unsure = LV(row)(linear->unsure, p);
        for (k = 0; k < LV_BINS; k++) unsure[k] = unsure[k] > linear->unknown[p] ? unsure[k] : linear->unknown[p];
    }
}

static void LV(filter)(lv_linear *linear, const float *near, const float *far, float *left, float *echo) {
    float sound[2 * LV_BLOCK], sure[LV_BINS], forgets, *re, *im, *power;
    wave spectrum;
    int k;
    linear->silent_blocks = peak(far) > SILENT ? 0 : linear->silent_blocks + 1;
    linear->newest = (linear->newest + LV_PARTITIONS - 1) % LV_PARTITIONS;
    re = LV(row)(linear->far_re, linear->newest), im = LV(row)(linear->far_im, linear->newest);
    power = LV(row)(linear->powers, linear->newest);
    LV(shift)(linear->played, far);
    LV(analyse)(&of_320, linear->played, &spectrum);
    for (k = 0; k < LV_BINS; k++) {
        re[k] = spectrum.re[k], im[k] = spectrum.im[k];
        power[k] = re[k] * re[k] + im[k] * im[k];
    }
    if (linear->silent_blocks >= LV_PARTITIONS) { /* nothing to predict or to learn, and nothing to forget */
        memcpy(left, near, LV_BLOCK * sizeof(float));
        memset(echo, 0, LV_BLOCK * sizeof(float));
        linear->predicted_lately = 0.0f;
        return;
    }
    forgets = LEARN_FAST * FAST_BLOCKS / (float)(linear->blocks + 1);
    forgets = forgets > LEARN_FAST ? LEARN_FAST : forgets < LEARN_SLOW ? LEARN_SLOW : forgets;
    LV(predict)(linear, &spectrum, sure, forgets);
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
    LV(learn_path)(linear, &spectrum, sure, forgets);
    if (++linear->blocks % 2 == 0) LV(constrain)(linear);
    LV(doubt)(linear, near, left);
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
