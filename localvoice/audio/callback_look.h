/* Waiting until something is heard: the one thing here that waits. For whoever reads a ring, never for a callback. */
#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
static void doze(uint64_t us) { Sleep((DWORD)(us / 1000)); }
#else
#include <time.h>
static void doze(uint64_t us) { /* a signal ends it sooner, which does no harm */
    struct timespec left = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};
    nanosleep(&left, NULL);
}
#endif

#define SILENT 1e-12f

float lv_loudest(const lv_ring *ring, uint64_t windows, uint64_t frames, uint64_t step) {
    uint64_t steps = frames / step, at = LOAD_ACQUIRE(&ring->written), first = windows * steps * step, i, j;
    float loudest = 0.0f;
    if (at < first || first > ring->size) return 0.0f;
    for (at -= first; windows; windows--) {
        float power = 0.0f;
        for (i = 0; i < steps; i++) {
            float sum = 0.0f;
            for (j = 0; j < step; j++) sum += get(&ring->data[at++ & (ring->size - 1)]);
            power += sum * sum;
        }
        if (power > loudest) loudest = power;
    }
    return loudest / (float)(steps * step * step);
}

static int stands_out(lv_look *look, float power) {
    float ground = look->ground * look->rise;
    if (power < ground) ground = power;
    look->ground = ground > SILENT ? ground : SILENT;
    return power > look->ground * look->over;
}

uint64_t lv_await(lv_look *look, const lv_ring *ring, uint64_t first_us, uint64_t looks) {
    uint64_t count;
    for (count = 1;; count++) {
        doze(count == 1 ? first_us : look->every_us);
        if (stands_out(look, lv_loudest(ring, look->windows, look->frames, look->step))) return count;
        if (count >= looks || LOAD_ACQUIRE(&look->is_called)) return count;
    }
}
