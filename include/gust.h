/*
 * gust.h — all of Gust
 */
#ifndef GUST_H
#define GUST_H

#include <gust/app.h>
#include <gust/arena.h>
#include <gust/base.h>
#include <gust/client.h>
#include <gust/error.h>
#include <gust/executor.h>
#include <gust/file.h>
#include <gust/future.h>
#include <gust/httputil.h>
#include <gust/json.h>
#include <gust/locks.h>
#include <gust/log.h>
#include <gust/loop.h>
#include <gust/net.h>
#include <gust/options.h>
#include <gust/process.h>
#include <gust/queue.h>
#include <gust/request.h>
#include <gust/resolver.h>
#include <gust/response.h>
#include <gust/server.h>
#include <gust/session.h>
#include <gust/signed.h>
#include <gust/stream.h>
#include <gust/task.h>
#include <gust/tcpserver.h>
#include <gust/template.h>
#include <gust/tls.h>
#include <gust/upload.h>
#include <gust/value.h>

#endif
