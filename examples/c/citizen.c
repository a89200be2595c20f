/* A citizen in C with libmosquitto: greets whoever speaks to it, walks to an open cafe when idle, and minds its manners.
 *
 *     cc -o citizen examples/c/citizen.c -lmosquitto && MQTTOWN_AGENT=… MQTTOWN_KEY=… … ./citizen
 *
 * It reads the environment that docs/conformance.md names, and looks for the few words that it needs in the JSON it is sent.
 */
#include <mosquitto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char base[160], in_filter[200], hello_topic[200], action_topic[200], status_topic[200], world_status[128];
static char session[32], last_words[80], pending[512], pending_id[64], seen_id[160];
static double sent_at, hello_at = -10, hello_due = -1, held_until, gap_at = -1;
static long seen, generation, number;
static volatile sig_atomic_t leaving;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void leave(int signal_number) { (void)signal_number; leaving = 1; }

/* The text behind "name": in some JSON, up to a quotation mark; 0 if it is not there. The newest one wins no prize: the first does. */
static int text_of(const char *json, const char *name, char *out, size_t room) {
    char key[64];
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *at = strstr(json, key);
    if (!at) return 0;
    at += strlen(key);
    while (*at == ' ') at++;
    if (*at++ != '"') return 0;
    size_t length = strcspn(at, "\"");
    if (length >= room) return 0;
    memcpy(out, at, length);
    out[length] = 0;
    return 1;
}

static double number_of(const char *json, const char *name) {
    char key[64];
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *at = strstr(json, key);
    return at ? strtod(at + strlen(key), NULL) : 0;
}

static void hello_soon(void) { if (hello_due < 0) hello_due = hello_at + 1.05 > now() ? hello_at + 1.05 : now(); }

static void send_pending(struct mosquitto *client) {
    mosquitto_publish(client, NULL, action_topic, strlen(pending), pending, 1, false);
    sent_at = now();
}

/* One action at a time: what is not decided yet is sent again by the main loop, the same bytes under the same id. */
static void act(struct mosquitto *client, const char *action, const char *parameters) {
    if (pending[0] || now() < held_until) return;
    snprintf(pending_id, sizeof pending_id, "%s-%ld", session, ++number);
    snprintf(pending, sizeof pending, "{\"id\":\"%s\",\"action\":\"%s\",\"parameters\":%s,\"observation_id\":\"%s\"}", pending_id,
             action, parameters, seen_id);
    send_pending(client);
}

static int count(const char *json) {
    long seq = (long)number_of(json, "seq"), told = (long)number_of(json, "generation");
    if (told > generation) generation = told;
    if (seq == 1) seen = 0, gap_at = -1;
    if (seq <= seen) return 0;
    if (seq > seen + 1 && gap_at < 0) gap_at = now() + 1;
    seen = seq;
    return 1;
}

static void observed(struct mosquitto *client, const char *json) {
    char from[64], place[64], parameters[256];
    if (!text_of(json, "agent_id", from, sizeof from) || !strstr(json, "\"observation\"") || !count(json)) return;
    text_of(json, "id", seen_id, sizeof seen_id);
    if (text_of(json, "from", from, sizeof from)) {
        snprintf(parameters, sizeof parameters, "{\"text\":\"Terve, %s.\",\"to\":[\"%s\"]}", from, from);
        act(client, "say", parameters);
        return;
    }
    const char *cafe = strstr(json, "\"nearby\"");
    while (cafe && (cafe = strstr(cafe, "\"kind\":"))) { /* the id stands before the kind of a place */
        const char *kind = cafe + 7 + strspn(cafe + 7, " "), *start = cafe;
        cafe = kind;
        if (strncmp(kind, "\"cafe\"", 6)) continue;
        while (start > json && strncmp(start, "\"id\":", 5)) start--;
        if (!text_of(start, "id", place, sizeof place)) continue;
        snprintf(parameters, sizeof parameters, "{\"to\":\"%s\"}", place);
        act(client, "move_to", parameters);
        return;
    }
    act(client, "wait", "{\"ticks\":10}");
}

static void judged(const char *json) {
    char id[64], code[32] = "";
    count(json);
    if (!text_of(json, "action_id", id, sizeof id) || strcmp(id, pending_id)) return;
    text_of(json, "code", code, sizeof code);
    printf("%s %s %s\n", id, strstr(json, "\"accepted\"") ? "accepted" : "rejected", code);
    if (!strcmp(code, "rate_limited")) held_until = now() + number_of(json, "retry_after");
    pending[0] = 0;
}

static void on_message(struct mosquitto *client, void *unused, const struct mosquitto_message *message) {
    (void)unused;
    char *json = calloc(1, (size_t)message->payloadlen + 1); /* no payload ends with a zero by itself */
    if (!json) return;
    memcpy(json, message->payload, (size_t)message->payloadlen);
    const char *channel = strrchr(message->topic, '/');
    if (!strcmp(message->topic, world_status)) {
        long told = (long)number_of(json, "generation");
        int reborn = generation && told > generation;
        if (told > generation) generation = told;
        if (reborn) {
            hello_soon();
            if (pending[0]) send_pending(client);
        }
    } else if (!strcmp(channel, "/observation")) observed(client, json);
    else if (!strcmp(channel, "/verdict")) judged(json);
    else if (!strcmp(channel, "/notice")) count(json);
    free(json);
}

static void on_connect(struct mosquitto *client, void *unused, int code) {
    (void)unused;
    if (code) return;
    mosquitto_subscribe(client, NULL, in_filter, 0);
    mosquitto_subscribe(client, NULL, world_status, 0);
}

static void on_subscribe(struct mosquitto *client, void *unused, int id, int count_, const int *granted) {
    (void)client, (void)unused, (void)id, (void)count_, (void)granted;
    hello_soon();
}

static const char *setting(const char *name) {
    const char *value = getenv(name);
    if (!value) { fprintf(stderr, "%s is not set\n", name); exit(2); }
    return value;
}

int main(void) {
    const char *user = setting("MQTTOWN_AGENT"), *town = setting("MQTTOWN_TOWN");
    setvbuf(stdout, NULL, _IOLBF, 0);
    srand((unsigned)time(NULL));
    snprintf(session, sizeof session, "%lx%x", (long)time(NULL), rand() & 0xffff);
    snprintf(base, sizeof base, "mqttown/v1/%s/agent/%s/%.*s", town, setting("MQTTOWN_DISTRICT"), (int)strcspn(user, "~"), user);
    snprintf(in_filter, sizeof in_filter, "%s/in/+", base);
    snprintf(hello_topic, sizeof hello_topic, "%s/out/hello", base);
    snprintf(action_topic, sizeof action_topic, "%s/out/action", base);
    snprintf(status_topic, sizeof status_topic, "%s/out/status", base);
    snprintf(world_status, sizeof world_status, "mqttown/v1/%s/world/status", town);
    snprintf(last_words, sizeof last_words, "{\"status\":\"offline\",\"session\":\"%s\"}", session);
    signal(SIGTERM, leave), signal(SIGINT, leave);
    mosquitto_lib_init();
    struct mosquitto *client = mosquitto_new(user, true, NULL); /* client id = user name; MQTT 3.1.1 is the default */
    mosquitto_username_pw_set(client, user, setting("MQTTOWN_KEY"));
    mosquitto_will_set(client, status_topic, (int)strlen(last_words), last_words, 1, false);
    mosquitto_connect_callback_set(client, on_connect);
    mosquitto_subscribe_callback_set(client, on_subscribe);
    mosquitto_message_callback_set(client, on_message);
    if (mosquitto_connect(client, setting("MQTTOWN_MQTT_HOST"), atoi(setting("MQTTOWN_MQTT_PORT")), 60)) return 1;
    for (double broken = 0; !leaving;) {
        int failed = mosquitto_loop(client, 100, 1);
        if (failed && broken == 0) broken = now() + 1.1 + (rand() % 1000) / 1000.0; /* never back within a second */
        if (failed && now() > broken) broken = mosquitto_reconnect(client) ? now() + 1.1 + (rand() % 2000) / 1000.0 : 0;
        else if (failed) nanosleep(&(struct timespec){0, 50000000}, NULL);
        else if (hello_due >= 0 && now() >= hello_due) {
            char text[64];
            snprintf(text, sizeof text, "{\"session\":\"%s\"}", session);
            hello_at = now(), hello_due = gap_at = -1, seen = 0;
            mosquitto_publish(client, NULL, hello_topic, (int)strlen(text), text, 0, false);
        }
        if (gap_at >= 0 && now() > gap_at) gap_at = -1, hello_soon();
        if (pending[0] && now() > sent_at + 5) send_pending(client);
    }
    mosquitto_publish(client, NULL, status_topic, (int)strlen(last_words), last_words, 1, false);
    for (int i = 0; i < 5; i++) mosquitto_loop(client, 50, 1);
    mosquitto_disconnect(client);
    return 0;
}
