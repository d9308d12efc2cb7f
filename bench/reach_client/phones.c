/* Many light phones on one machine. gcc -O2 -o phones phones.c
   phones listen sse|mqtt FILE SOURCE PER_SOURCE INFLIGHT OUT
     FILE holds a line "port text" for each phone: text is the path of its stream, or its MQTT topic. Phone i binds to
     SOURCE + i / PER_SOURCE. What arrives with "@@<CLOCK_MONOTONIC ns>@@" is a frame. A phone that is cut off comes
     back after about a second. Prints a JSON line when all are open, and one for each wave of frames. On "q" it writes
     for each phone a line to OUT: how many frames, how many reconnections, and the stamps of its first four frames.
   phones send PORT FILE CONNECTIONS SECONDS NEEDLE NEEDLE2 OUT
     FILE holds for each request a line with its length, then the request. Spread over SECONDS (0: as fast as may be) on
     keep-alive connections. An answer counts when it is 200; until then the request is sent again. Writes for each
     request to OUT: 1 NEEDLE was in the answer, 2 NEEDLE2, 0 neither. Prints one JSON line. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <time.h>
#include <unistd.h>

#define STAMPS 4
enum { AWAY, CONNECTING, SHAKING, OPEN };
typedef struct {
  int fd, port;
  unsigned char state, frames;
  unsigned short cuts;
  char *text;
  double again;
  long long stamps[STAMPS];
} Phone;
typedef struct {
  int fd, request;
  int sent, got;
  double begun;
  char buffer[65536];
} Link;

static int poll_fd;
static char scratch[1 << 16];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}
static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}
static void watch(int how, int fd, unsigned events, unsigned number) {
  struct epoll_event event = {.events = events, .data.u32 = number};
  epoll_ctl(poll_fd, how, fd, &event);
}
static int dial(int port, unsigned source) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  if (fd < 0) { perror("socket"); exit(1); }
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (source) {
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(source)};
    if (bind(fd, (void *)&from, sizeof from)) { perror("bind"); exit(1); }
  }
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = inet_addr("127.0.0.1")};
  if (connect(fd, (void *)&to, sizeof to) && errno != EINPROGRESS) { close(fd); return -1; }
  return fd;
}
static char *slurp(const char *path, long *size) {
  FILE *file = fopen(path, "rb");
  if (!file) { perror(path); exit(1); }
  fseek(file, 0, SEEK_END);
  *size = ftell(file);
  rewind(file);
  char *text = malloc(*size + 1);
  if (fread(text, 1, *size, file) != (size_t)*size) exit(1);
  text[*size] = 0;
  fclose(file);
  return text;
}

static Phone *phones;
static int people, ready, inflight, is_mqtt;
static void cut(int i) {
  Phone *p = &phones[i];
  if (p->state == OPEN) { ready--; p->cuts++; } else inflight--;
  close(p->fd);
  p->state = AWAY;
  p->again = now() + 0.5 + (rand() % 1000) / 1000.0;
}
static int greet(Phone *p, int i, char *out) {
  if (!is_mqtt) return sprintf(out, "GET %s HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n", p->text);
  char id[24];
  int length = sprintf(id, "p%d-%d", p->port, i), n = 0, topic = strlen(p->text);
  out[n++] = 0x10; out[n++] = 12 + length;
  memcpy(out + n, "\0\4MQTT\4\2\0\0", 10); n += 10;
  out[n++] = 0; out[n++] = length; memcpy(out + n, id, length); n += length;
  out[n++] = (char)0x82; out[n++] = 5 + topic; out[n++] = 0; out[n++] = 1;
  out[n++] = 0; out[n++] = topic; memcpy(out + n, p->text, topic); n += topic;
  out[n++] = 0;
  return n;
}
static int listen_all(char **a) {
  long size;
  is_mqtt = !strcmp(a[2], "mqtt");
  char *text = slurp(a[3], &size);
  unsigned source = ntohl(inet_addr(a[4]));
  int per = atoi(a[5]), most = atoi(a[6]), told = 0, waves = 0, from = 0;
  for (char *c = text; *c; c++) people += *c == '\n';
  phones = calloc(people, sizeof(Phone));
  double *waits = malloc(sizeof(double) * people * 2);
  for (int i = 0; i < people; i++) {
    char *end = strchr(text, '\n');
    *end = 0;
    phones[i].port = atoi(text);
    phones[i].text = strchr(text, ' ') + 1;
    text = end + 1;
  }
  fcntl(0, F_SETFL, O_NONBLOCK);
  struct epoll_event events[1024];
  double begun = now(), last = 0, scanned = 0;
  for (;;) {
    double t = now();
    if (ready + inflight < people && inflight < most / 2 && t - scanned > 0.005) {
      scanned = t;
      for (int n = 0; n < people && inflight < most; n++, from = (from + 1) % people) {
        int i = from;
        if (phones[i].state == AWAY && phones[i].again <= t) {
          Phone *p = &phones[i];
          p->fd = dial(p->port, source + i / per);
          if (p->fd < 0) { p->again = t + 1; continue; }
          p->state = CONNECTING; inflight++;
          watch(EPOLL_CTL_ADD, p->fd, EPOLLOUT, i);
        }
      }
    }
    if (!told && ready == people) {
      told = 1;
      printf("{\"open\":%d,\"seconds\":%.2f}\n", ready, now() - begun); fflush(stdout);
    }
    int count = epoll_wait(poll_fd, events, 1024, 20);
    t = now();
    if (waves && t - last > 1.5) {
      qsort(waits, waves, sizeof(double), by_size);
      printf("{\"frames\":%d,\"first\":%.3f,\"p50\":%.3f,\"p99\":%.3f,\"last\":%.3f,\"open\":%d}\n", waves, waits[0],
             waits[waves / 2], waits[(int)(waves * .99)], waits[waves - 1], ready);
      fflush(stdout); waves = 0;
    }
    char order;
    ssize_t asked = read(0, &order, 1);
    if (asked == 0 || (asked == 1 && order == 'q')) {
      FILE *out = fopen(a[7], "w");
      for (int i = 0; i < people; i++) {
        fprintf(out, "%d %d", phones[i].frames, phones[i].cuts);
        for (int n = 0; n < STAMPS; n++) fprintf(out, " %lld", phones[i].stamps[n]);
        fputc('\n', out);
      }
      return fclose(out);
    }
    if (asked == 1 && order == 's') { printf("{\"now\":%d}\n", ready); fflush(stdout); }
    for (int j = 0; j < count; j++) {
      int i = events[j].data.u32;
      Phone *p = &phones[i];
      if (p->state == CONNECTING) {
        int length = greet(p, i, scratch);
        if ((events[j].events & (EPOLLERR | EPOLLHUP)) || write(p->fd, scratch, length) != length) { cut(i); continue; }
        p->state = SHAKING;
        watch(EPOLL_CTL_MOD, p->fd, EPOLLIN | EPOLLRDHUP, i);
        continue;
      }
      ssize_t n = read(p->fd, scratch, sizeof scratch - 1);
      if (n <= 0) { if (n < 0 && errno == EAGAIN) continue; cut(i); continue; }
      scratch[n] = 0;
      if (p->state == SHAKING) {
        if (is_mqtt ? !!memchr(scratch, 0x90, n) : !!memmem(scratch, n, "retry:", 6)) {
          p->state = OPEN; ready++; inflight--;
        } else if (!is_mqtt && strncmp(scratch, "HTTP/1.1 200", 12)) { cut(i); continue; }
      }
      for (char *s = scratch; (s = memmem(s, scratch + n - s, "@@", 2));) {
        long long stamp = atoll(s + 2);
        if (p->frames < STAMPS) p->stamps[p->frames] = stamp;
        p->frames++; last = now();
        if (waves < people * 2) waits[waves++] = last - stamp / 1e9;
        s = memmem(s + 2, scratch + n - s - 2, "@@", 2);
        if (!s) break;
        s += 2;
      }
    }
  }
}

static int finish(Link *link, int status, double *wait) {
  *wait = now() - link->begun;
  link->request = -1;
  return status;
}
static int send_all(char **a) {
  long size;
  int port = atoi(a[2]), links = atoi(a[4]), total = 0, next = 0, done = 0, again = 0, resent = 0;
  char *text = slurp(a[3], &size), *end = text + size;
  double seconds = atof(a[5]);
  for (char *c = text; c < end;) { c += atoi(c) + (strchr(c, '\n') - c) + 1; total++; }
  char **requests = malloc(sizeof(char *) * total), *found = calloc(total, 1);
  int *lengths = malloc(sizeof(int) * total), *queue = malloc(sizeof(int) * (total + 1)), waiting = 0, head = 0;
  double *waits = malloc(sizeof(double) * total), *due = malloc(sizeof(double) * total);
  char *c = text;
  for (int i = 0; i < total; i++) {
    lengths[i] = atoi(c);
    requests[i] = strchr(c, '\n') + 1;
    c = requests[i] + lengths[i];
  }
  Link *all = calloc(links, sizeof(Link));
  double *rest = calloc(links, sizeof(double)), begun = now();
  for (int i = 0; i < links; i++) { all[i].fd = -1; all[i].request = -1; }
  for (int i = 0; i < total; i++) due[i] = begun + seconds * i / total;
  struct epoll_event events[512];
  while (done < total) {
    double t = now();
    for (int i = 0; i < links; i++) {
      Link *link = &all[i];
      if (link->request >= 0 || rest[i] > t) continue;
      int chosen = -1;
      if (waiting) { chosen = queue[head]; head = (head + 1) % (total + 1); waiting--; }
      else if (next < total && due[next] <= t) chosen = next++;
      if (chosen < 0) { if (next >= total && !waiting) continue; break; }
      if (link->fd < 0) {
        link->fd = dial(port, 0);
        if (link->fd >= 0) watch(EPOLL_CTL_ADD, link->fd, EPOLLIN | EPOLLRDHUP, i);
      }
      link->request = chosen; link->sent = link->got = 0;
      link->begun = seconds > 0 ? due[chosen] : t;
    }
    for (int i = 0; i < links; i++) {
      Link *link = &all[i];
      if (link->request < 0 || link->sent == lengths[link->request]) continue;
      int left = lengths[link->request] - link->sent;
      ssize_t n = link->fd < 0 ? -1 : write(link->fd, requests[link->request] + link->sent, left);
      if (n > 0) link->sent += n;
      else if (link->fd < 0 || (errno != EAGAIN && errno != ENOTCONN)) {
        if (link->fd >= 0) close(link->fd);
        queue[(head + waiting++) % (total + 1)] = link->request;
        link->fd = link->request = -1; rest[i] = now() + 0.3; again++;
      }
    }
    int count = epoll_wait(poll_fd, events, 512, 1);
    for (int j = 0; j < count; j++) {
      int i = events[j].data.u32;
      Link *link = &all[i];
      if (link->fd < 0) continue;
      ssize_t n = read(link->fd, link->buffer + link->got, sizeof link->buffer - 1 - link->got);
      if (n < 0 && errno == EAGAIN) continue;
      int failed = n <= 0;
      if (!failed) {
        link->got += n;
        link->buffer[link->got] = 0;
        char *body = strstr(link->buffer, "\r\n\r\n"), *length = strcasestr(link->buffer, "content-length:");
        if (!body || !length || link->got < body + 4 - link->buffer + atoi(length + 15)) continue;
        if (link->request < 0) continue;
        if (!strncmp(link->buffer, "HTTP/1.1 200", 12)) {
          found[link->request] = strstr(body, a[6]) ? 1 : strstr(body, a[7]) ? 2 : 0;
          finish(link, 0, &waits[done++]);
        } else {
          queue[(head + waiting++) % (total + 1)] = link->request;
          link->request = -1; rest[i] = now() + 0.5; resent++;
        }
        link->got = 0;
        continue;
      }
      close(link->fd);
      if (link->request >= 0) { queue[(head + waiting++) % (total + 1)] = link->request; again++; }
      link->fd = link->request = -1; rest[i] = now() + 0.3;
    }
  }
  double spent = now() - begun;
  int first = 0, second = 0;
  FILE *out = fopen(a[8], "w");
  for (int i = 0; i < total; i++) { first += found[i] == 1; second += found[i] == 2; fputc('0' + found[i], out); }
  fclose(out);
  qsort(waits, total, sizeof(double), by_size);
  printf("{\"requests\":%d,\"seconds\":%.3f,\"first\":%d,\"second\":%d,\"cut\":%d,\"refused\":%d,\"p50\":%.4f,"
         "\"p99\":%.4f,\"last\":%.4f}\n", total, spent, first, second, again, resent, waits[total / 2],
         waits[(int)(total * .99)], waits[total - 1]);
  return 0;
}

int main(int count, char **a) {
  poll_fd = epoll_create1(0);
  if (count == 8 && !strcmp(a[1], "listen")) return listen_all(a);
  if (count == 9 && !strcmp(a[1], "send")) return send_all(a);
  fprintf(stderr, "see the head of phones.c\n");
  return 2;
}
