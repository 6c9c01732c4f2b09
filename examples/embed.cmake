# cmake -DOUTPUT=FILE -P embed.cmake FILE…: writes a header with an array of bytes for each file,
# named after it (index.html: index_html), and ended by a zero that its size does not count.
set(header "")
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE 4 ${last})
    set(file ${CMAKE_ARGV${i}})
    get_filename_component(name ${file} NAME)
    string(MAKE_C_IDENTIFIER ${name} name)
    file(READ ${file} bytes HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    string(APPEND header "static const unsigned char ${name}[] = {${bytes}0};\n")
endforeach()
file(WRITE ${OUTPUT} "${header}")
