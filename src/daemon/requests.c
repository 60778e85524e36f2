/* SPDX-License-Identifier: MIT
 *
 * The protocol between engine and privileged parent: see requests.h.
 */
#include "daemon/requests.h"

#include "linux/descriptors.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void requests_close_all(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
}

/* Asks and waits for the answer. *count: in, how many descriptors go along in fds; out, how many came. */
static int request_ask(int parent, const struct request *request, struct request_answer *answer,
                       int fds[static REQUEST_DESCRIPTORS], size_t *count)
{
    size_t sent = *count;
    ssize_t length;
    int error;

    *count = 0;
    error = descriptors_send(parent, request, sizeof *request, fds, sent);
    if (error < 0)
        return error == -ECONNRESET ? -EPIPE : error;
    *count = REQUEST_DESCRIPTORS;
    length = descriptors_receive(parent, answer, sizeof *answer, fds, count);
    if (length == (ssize_t)sizeof *answer && answer->error == 0)
        return 0;
    if (length < 0) {
        *count = 0;
        return length == -ECONNRESET ? -EPIPE : (int)length;
    }
    requests_close_all(fds, *count);
    *count = 0;
    if (length == 0)
        return -EPIPE;
    if (length != (ssize_t)sizeof *answer || answer->error > 0)
        return -EPROTO;
    return answer->error;
}

int request_sockets(int parent, uint16_t port, uint32_t mark, const struct udp_wishes *wishes,
                    struct udp_sockets *sockets)
{
    struct request request;
    struct request_answer answer;
    int fds[REQUEST_DESCRIPTORS];
    size_t count = 0;
    int error;

    memset(&request, 0, sizeof request);
    request.kind = REQUEST_SOCKETS;
    request.port = port;
    request.mark = mark;
    request.steer_among = (uint16_t)wishes->steer_among;
    request.wishes = (wishes->segment ? REQUEST_WISH_SEGMENT : 0) |
                     (wishes->receive_offload ? REQUEST_WISH_RECEIVE_OFFLOAD : 0) |
                     (wishes->reuse_port ? REQUEST_WISH_REUSE_PORT : 0) |
                     (wishes->join_port ? REQUEST_WISH_JOIN_PORT : 0);
    memset(sockets, 0, sizeof *sockets);
    sockets->v4 = -1;
    sockets->v6 = -1;
    error = request_ask(parent, &request, &answer, fds, &count);
    if (error < 0)
        return error;
    if (count != (size_t)answer.v4 + (size_t)answer.v6) {
        requests_close_all(fds, count);
        return -EPROTO;
    }
    if (answer.v4)
        sockets->v4 = fds[0];
    if (answer.v6)
        sockets->v6 = fds[answer.v4 ? 1 : 0];
    sockets->port = answer.port;
    sockets->segment = answer.segment;
    sockets->receive_offload = answer.receive_offload;
    sockets->steered = answer.steered;
    return 0;
}

int request_mark(int parent, const struct udp_sockets *sockets, uint32_t mark)
{
    struct request request;
    struct request_answer answer;
    int fds[REQUEST_DESCRIPTORS];
    size_t count = 0;
    int error;

    memset(&request, 0, sizeof request);
    request.kind = REQUEST_MARK;
    request.mark = mark;
    if (sockets->v4 >= 0)
        fds[count++] = sockets->v4;
    if (sockets->v6 >= 0)
        fds[count++] = sockets->v6;
    error = request_ask(parent, &request, &answer, fds, &count);
    requests_close_all(fds, count);
    return error;
}

int request_place(int parent, struct place *place)
{
    struct request request;
    struct request_answer answer;
    int fds[REQUEST_DESCRIPTORS];
    size_t count = 0;
    size_t next = 2;
    int error;

    memset(&request, 0, sizeof request);
    request.kind = REQUEST_PLACE;
    place_init(place);
    error = request_ask(parent, &request, &answer, fds, &count);
    if (error < 0)
        return error;
    if (count != 2 + (size_t)answer.v4 + (size_t)answer.v6) {
        requests_close_all(fds, count);
        return -EPROTO;
    }
    place->monitor = fds[0];
    place->link = fds[1];
    if (answer.v4)
        place->icmp.v4 = fds[next++];
    if (answer.v6)
        place->icmp.v6 = fds[next];
    place->index = answer.index;
    memcpy(place->name, answer.name, sizeof place->name);
    place->name[sizeof place->name - 1] = '\0';
    return 0;
}

/* A request that neither sends nor receives descriptors. */
static int request_plain(int parent, enum request_kind kind, struct request_answer *answer)
{
    struct request request;
    int fds[REQUEST_DESCRIPTORS];
    size_t count = 0;
    int error;

    memset(&request, 0, sizeof request);
    request.kind = kind;
    error = request_ask(parent, &request, answer, fds, &count);
    requests_close_all(fds, count);
    return error;
}

int request_redirects_off(int parent)
{
    struct request_answer answer;

    return request_plain(parent, REQUEST_REDIRECTS, &answer);
}

int request_ready(int parent)
{
    struct request_answer answer;

    return request_plain(parent, REQUEST_READY, &answer);
}

int request_processors(int parent, unsigned *processors)
{
    struct request_answer answer;
    int error = request_plain(parent, REQUEST_PROCESSORS, &answer);

    if (error == 0)
        *processors = answer.processors > 0 ? answer.processors : 1;
    return error;
}

int request_receive(int engine, struct request *request, int fds[static REQUEST_DESCRIPTORS], size_t *count)
{
    ssize_t length;

    *count = REQUEST_DESCRIPTORS;
    length = descriptors_receive(engine, request, sizeof *request, fds, count);
    if (length == (ssize_t)sizeof *request)
        return 0;
    if (length >= 0) {
        requests_close_all(fds, *count);
        *count = 0;
        return length == 0 ? -EPIPE : -EPROTO;
    }
    *count = 0;
    return length == -ECONNRESET ? -EPIPE : (int)length;
}

int request_answer(int engine, const struct request_answer *answer, const int *fds, size_t count)
{
    return descriptors_send_now(engine, answer, sizeof *answer, fds, count);
}
