/* notes — the program */
#include "notes.h"

int main(int argc, char **argv)
{
    return gust_app_main(&notes_app, argc, argv);
}
