# The flags of every target of ours, carried by one interface library: no global flags, so that a
# project which adds Gust as a subdirectory keeps its own.
add_library(gust_flags INTERFACE)
target_compile_features(gust_flags INTERFACE c_std_17 cxx_std_17)
target_compile_definitions(gust_flags INTERFACE _GNU_SOURCE)
target_compile_options(gust_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wvla -Wundef -Wcast-qual
    -Wwrite-strings -Wpointer-arith -Wformat=2 -Wimplicit-fallthrough -Wnull-dereference
    -Wredundant-decls
    $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes>)
if(GUST_WERROR)
    target_compile_options(gust_flags INTERFACE -Werror)
endif()
if(GUST_SANITIZE)
    target_compile_options(gust_flags INTERFACE -fsanitize=${GUST_SANITIZE}
                                                -fno-omit-frame-pointer)
    target_link_options(gust_flags INTERFACE -fsanitize=${GUST_SANITIZE})
else()
    target_compile_options(gust_flags INTERFACE
        $<$<CONFIG:Release>:-fstack-protector-strong -fstack-clash-protection>)
    target_compile_definitions(gust_flags INTERFACE $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
    target_link_options(gust_flags INTERFACE -Wl,-z,relro,-z,now)
endif()

# Optimising across files is worth a seventh of a request's user time. Objects hold ordinary code as
# well, which the many test programs are linked from: gust_no_lto is theirs.
add_library(gust_no_lto INTERFACE)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(gust_flags INTERFACE -flto=auto -ffat-lto-objects
                                                -fno-semantic-interposition -fno-plt)
    target_link_options(gust_flags INTERFACE -flto=auto)
    target_link_options(gust_no_lto INTERFACE -fno-lto)
endif()
if(GUST_FUZZ)
    # Every object counts its edges; only the targets bring the fuzzer's main().
    target_compile_options(gust_flags INTERFACE -fsanitize=fuzzer-no-link)
    target_link_options(gust_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
