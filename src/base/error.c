/*
 * error — texts for error codes
 */
#include "base/gu.h"

static const char *const texts[] = {
    [GUST_ECLOSED - GUST_ECLOSED] = "the connection is closed",
    [GUST_ETOOBIG - GUST_ECLOSED] = "a limit was passed",
    [GUST_EPROTO - GUST_ECLOSED] = "the peer broke the protocol",
    [GUST_ESYNTAX - GUST_ECLOSED] = "the text does not parse",
    [GUST_ELATE - GUST_ECLOSED] = "the head of the response has left already",
    [GUST_EANSWERED - GUST_ECLOSED] = "the request is answered",
    [GUST_ESLOW - GUST_ECLOSED] = "the peer was too slow",
    [GUST_EFULL - GUST_ECLOSED] = "a queue or a budget is full",
    [GUST_ESTALE - GUST_ECLOSED] = "the object that was waited for went away",
    [GUST_EEXIT - GUST_ECLOSED] = "the program failed",
    [GUST_ENOHOST - GUST_ECLOSED] = "the name of the host is not known",
    [GUST_ECERT - GUST_ECLOSED] = "the peer's certificate is not accepted",
};

_Static_assert(gu_countof(texts) == GUST_EMAX_ - GUST_ECLOSED, "a text for every code");

const char *gust_strerror(int err)
{
    unsigned code = err < 0 ? 0u - (unsigned)err : (unsigned)err;
    const char *text;

    if (code >= GUST_ECLOSED && code < GUST_EMAX_)
        return texts[code - GUST_ECLOSED];
    text = code <= INT32_MAX ? strerrordesc_np((int)code) : NULL;
    return text != NULL ? text : "unknown error";
}
