/*
 * tool — what the commands of `gust` share
 */
#ifndef GU_TOOL_H
#define GU_TOOL_H

#define TOOL_OK 0
#define TOOL_FAILED 1
#define TOOL_USAGE 2 /* a command line that says nothing */

/* `gust fetch`: the arguments are those behind the command's name, which is argv[0]. Returns the
 * exit code. */
int tool_fetch(int argc, char **argv);

#endif
