/*
 * The least that can be /sbin/init: it waits for children and does nothing else. Called with a number it says hello and
 * ends with it, so that there is something to execute.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc > 1) {
    printf("hello from %d\n", (int)getuid());
    return atoi(argv[1]);
  }
  for (;;) {
    if (wait(NULL) < 0) pause();
  }
}
