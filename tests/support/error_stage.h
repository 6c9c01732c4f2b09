/*
 * error_stage — an application whose handler, "story", fails in one of these ways
 */
#ifndef GUST_TEST_ERROR_STAGE_H
#define GUST_TEST_ERROR_STAGE_H

#include "web_client.h"

/* Its only route is "/"; `options` may be NULL, and what they say of routes does not count. */
struct web *serve_story(const gust_handler *story, const gust_app_options *options);
struct web *serve_get(gust_handler_fn *get);

int send_404(gust_request *r);
int fail_502(gust_request *r); /* "the password is x"; so does the next */
int raise_500(gust_request *r);
int late_code_get(gust_request *r);    /* -EIO behind a finished response, "whole" */
int latched_code_get(gust_request *r); /* what gust_finish() says of a field that may not be */

#endif
