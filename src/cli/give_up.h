/* SPDX-License-Identifier: MIT
 *
 * What a command gives up for good once it has what it needs: capabilities, files, system calls, and the
 * chance to become more by running a program. Each part is taken as the system has it, without a word: vole
 * works the same. Commands that run programs for the user (hooks, firewalls, name servers) give up nothing.
 *
 * A call that was given up fails like one that the kernel does not have, which libraries know to do without.
 * With a sanitizer built in, files and calls stay as they are: it needs them. For a process with one thread;
 * what it starts later is held by the same.
 */
#ifndef CLI_GIVE_UP_H
#define CLI_GIVE_UP_H

enum give_up {
    GIVE_UP_ALL,      /* but computing, and reading and writing what is open: who makes keys */
    GIVE_UP_FILES,    /* and interfaces: who serves what is in memory to clients of an open socket */
    GIVE_UP_CHANGES,  /* of files, and connections but to interfaces: who looks at these, and may serve it */
    GIVE_UP_PROGRAMS, /* and changes of files: who looks names up, for which a C library may load anything */
};

void give_up(enum give_up what);

#endif
