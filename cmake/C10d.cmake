# What lets several processes train together: libresnet_ft_c10d-<minor>.so, opened only then. c10d's classes change from one minor
# version of LibTorch to the next, so that each has a library of its own, which its name tells.

include(CheckCXXSourceCompiles)

set(RESNET_FT_GLOO "" CACHE PATH "Folder that contains gloo/, the headers of gloo; OFF: built without")
set(RESNET_FT_NCCL "" CACHE PATH "Folder of nccl.h")
set(RESNET_FT_CUDA "" CACHE PATH "Folder of cuda_runtime_api.h")

# The major and minor number of LibTorch.
function(resnet_ft_libtorch_minor out)
  set(header "${RESNET_FT_LIBTORCH}/include/torch/headeronly/version.h")
  foreach(part MAJOR MINOR)
    file(STRINGS "${header}" line REGEX "^#define TORCH_VERSION_${part} [0-9]+")
    string(REGEX MATCH "[0-9]+$" ${part} "${line}")
  endforeach()
  set(${out} "${MAJOR}.${MINOR}" PARENT_SCOPE)
endfunction()

function(resnet_ft_c10d_target target)
  file(GLOB sources CONFIGURE_DEPENDS ${ARGN})
  if(NOT sources)
    message(FATAL_ERROR "${ARGN}: there are no such sources")
  endif()
  resnet_ft_libtorch_minor(minor)
  # glibc_floor.cpp: it is to run wherever the core does.
  add_library(${target} SHARED ${sources} native/core/glibc_floor.cpp)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME "${target}-${minor}")
  resnet_ft_target(${target})
  target_include_directories(${target} PRIVATE native)
  target_link_libraries(${target} PRIVATE resnet_ft_libtorch ${CMAKE_DL_LIBS})
endfunction()

# A folder of site-packages/nvidia, beside a LibTorch of pip's, or the one that is named.
function(resnet_ft_find_header out header named)
  unset(${out} CACHE)
  find_path(${out} ${header} PATHS "${named}" NO_DEFAULT_PATH)
  if(NOT ${out} AND NOT named)
    file(GLOB beside "${RESNET_FT_LIBTORCH}/../nvidia/*/include")
    find_path(${out} ${header} PATHS ${beside} $ENV{CUDA_HOME}/include /usr/local/cuda/include)
  endif()
endfunction()

# Why what connects GPUs can't be built with these headers; empty where it can.
function(resnet_ft_why_not_nccl out)
  # A class of ProcessGroupNCCL that is made here holds a struct of nccl.h, which grows from one version of NCCL to the next: it must be
  # that with which LibTorch was compiled. A wheel says which that was.
  set(version "")
  foreach(part MAJOR MINOR PATCH)
    file(STRINGS "${RESNET_FT_NCCL_DIR}/nccl.h" line REGEX "^#define NCCL_${part} +[0-9]+")
    string(REGEX MATCH "[0-9]+$" number "${line}")
    list(APPEND version "${number}")
  endforeach()
  list(JOIN version "." version)
  file(GLOB metadata "${RESNET_FT_LIBTORCH}/../torch-*.dist-info/METADATA")
  foreach(file IN LISTS metadata)
    file(STRINGS "${file}" line REGEX "^Requires-Dist: nvidia-nccl-cu[0-9]+==[0-9.]+")
    string(REGEX MATCH "==[0-9.]+" wanted "${line}")
    if(wanted AND NOT wanted STREQUAL "==${version}")
      string(SUBSTRING "${wanted}" 2 -1 wanted)
      set(${out} "${RESNET_FT_NCCL_DIR}/nccl.h is of NCCL ${version}, and this LibTorch was compiled with ${wanted}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  # An environment with torch has some of CUDA's headers, and not all that those of LibTorch include.
  set(CMAKE_REQUIRED_INCLUDES ${ARGN})
  set(CMAKE_REQUIRED_QUIET ON)
  unset(RESNET_FT_CUDA_HEADERS CACHE)
  check_cxx_source_compiles("#include <nccl.h>
    #include <cublasLt.h>
    #include <cuda_fp16.h>
    #include <cusolverDn.h>
    #include <cusparse.h>
    int main() {}" RESNET_FT_CUDA_HEADERS)
  if(NOT RESNET_FT_CUDA_HEADERS)
    set(${out} "${RESNET_FT_CUDA_DIR} lacks headers of CUDA that LibTorch's include (cuda_fp16.h, nv/target of CCCL, cublasLt.h, cusolverDn.h, cusparse.h)"
      PARENT_SCOPE)
    return()
  endif()
  set(${out} "" PARENT_SCOPE)
endfunction()

if(NOT RESNET_FT_GLOO)
  return()
endif()
if(NOT EXISTS "${RESNET_FT_GLOO}/gloo/config.h")
  message(FATAL_ERROR "RESNET_FT_GLOO ('${RESNET_FT_GLOO}') has no gloo/config.h")
endif()
resnet_ft_c10d_target(resnet_ft_c10d native/c10d/*.cpp)
target_compile_definitions(resnet_ft_c10d PRIVATE USE_C10D_GLOO)
target_include_directories(resnet_ft_c10d SYSTEM PRIVATE "${RESNET_FT_GLOO}")
# Both of these libraries, and nothing else of the addon.
add_custom_target(resnet_ft_several DEPENDS resnet_ft_c10d)

# Between GPUs: only against a LibTorch with CUDA, whose headers a CPU build lacks in part.
resnet_ft_find_header(RESNET_FT_NCCL_DIR nccl.h "${RESNET_FT_NCCL}")
resnet_ft_find_header(RESNET_FT_CUDA_DIR cuda_runtime_api.h "${RESNET_FT_CUDA}")
if(RESNET_FT_NCCL_DIR AND RESNET_FT_CUDA_DIR AND EXISTS "${RESNET_FT_LIBTORCH}/include/c10/cuda/impl/cuda_cmake_macros.h")
  set(folders "${RESNET_FT_NCCL_DIR}" "${RESNET_FT_CUDA_DIR}" "${RESNET_FT_CUDA_DIR}/cccl")
  resnet_ft_why_not_nccl(reason ${folders})
  if(reason AND RESNET_FT_NCCL)
    message(FATAL_ERROR "RESNET_FT_NCCL and RESNET_FT_CUDA don't fit: ${reason}")
  elseif(reason)
    message(STATUS "built without what connects GPUs: ${reason}; set RESNET_FT_NCCL and RESNET_FT_CUDA")
  else()
    resnet_ft_c10d_target(resnet_ft_c10d_cuda native/c10d/nccl/*.cpp)
    add_dependencies(resnet_ft_several resnet_ft_c10d_cuda)
    target_compile_definitions(resnet_ft_c10d_cuda PRIVATE USE_C10D_NCCL)
    target_include_directories(resnet_ft_c10d_cuda SYSTEM PRIVATE ${folders})
  endif()
endif()
