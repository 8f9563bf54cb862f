# Runs the port for vcpkg as vcpkg would, with stand-ins for what it calls of it:
#   cmake -DPORTFILE=FILE -DSYSTEM=LINUX|OSX -DVCPKG_TARGET_ARCHITECTURE=… -DVCPKG_LIBRARY_LINKAGE=dynamic|static -DVERSION=…
#     -DCURRENT_PACKAGES_DIR=FOLDER -P vcpkg.cmake
cmake_minimum_required(VERSION 3.18)

set(PORT paynow-bridge)
set(TARGET_TRIPLET "${VCPKG_TARGET_ARCHITECTURE}-${SYSTEM}")
set(VCPKG_TARGET_IS_${SYSTEM} ON)

function(vcpkg_extract_source_archive result ARCHIVE archive)
  set(folder "${CURRENT_PACKAGES_DIR}.source")
  file(REMOVE_RECURSE "${folder}")
  file(ARCHIVE_EXTRACT INPUT "${archive}" DESTINATION "${folder}")
  # Without the archive's one folder.
  file(GLOB within "${folder}/*")
  set(${result} "${within}" PARENT_SCOPE)
endfunction()

function(vcpkg_install_copyright FILE_LIST)
  foreach(text IN LISTS ARGN)
    file(READ "${text}" words)
    file(APPEND "${CURRENT_PACKAGES_DIR}/share/${PORT}/copyright" "${words}")
  endforeach()
endfunction()

file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}")
include("${PORTFILE}")
if(SYSTEM STREQUAL "OSX" AND NOT "${VCPKG_FIXUP_MACHO_RPATH}" STREQUAL "OFF")
  message(FATAL_ERROR "vcpkg would change the library after it was signed")
endif()
