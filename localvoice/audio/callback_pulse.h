/* Our callbacks for PulseAudio's own client: what PortAudio does between the two of them takes as much again.
 *
 * Called in the thread of the client's loop. Its functions come by their addresses: nothing is linked.
 */

void lv_pulse_record(void *stream, size_t bytes, void *user) {
    lv_pulse *pulse = user;
    const void *data;
    size_t size;
    (void)bytes;
    while (pulse->peek(stream, &data, &size) >= 0 && size) {
        /* a hole has a size and no data: what was lost there is silence */
        lv_record(data, NULL, (unsigned long)(size / sizeof(float)), NULL, data ? 0 : INPUT_OVERFLOW, pulse->state);
        pulse->drop(stream);
    }
}

/* Gives whole blocks, as many as fit into what is asked for; the rest is asked for again with the next one. All of them
 * go at once: each gift is a message to the server. */
void lv_pulse_play(void *stream, size_t bytes, void *user) {
    lv_pulse *pulse = user;
    size_t block = pulse->block * sizeof(float), size, at;
    for (; bytes >= block; bytes -= size) {
        void *data;
        size = bytes - bytes % block;
        if (pulse->begin_write(stream, &data, &size) < 0 || size < block) return;
        size -= size % block; /* the client may have less room */
        for (at = 0; at < size; at += block)
            lv_play(NULL, (char *)data + at, (unsigned long)pulse->block, NULL, 0, pulse->state);
        if (pulse->write(stream, data, size, NULL, 0, 0) < 0) return;
    }
}

void lv_pulse_underflow(void *stream, void *user) {
    lv_pulse *pulse = user;
    (void)stream;
    grown(&((lv_output *)pulse->state)->underflows, 1);
}

/* The fourth word of a pa_server_info (pulse/introspect.h) is the name; a server that does not tell has none. */
void lv_pulse_server(void *context, const void *info, void *user) {
    lv_server *server = user;
    const char *const *words = info;
    size_t i;
    (void)context;
    for (i = 0; words && words[3] && words[3][i] && i < sizeof server->name - 1; i++) server->name[i] = words[3][i];
    STORE_RELEASE(&server->is_known, 1);
}
