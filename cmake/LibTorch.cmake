# LibTorch as an interface target, from the folder RESNET_FT_LIBTORCH (a LibTorch zip or a wheel's site-packages/torch).
# find_package(Torch) is not used: for a CUDA build it asks for the CUDA toolkit, and for others for Python or MKL, none
# of which this code needs.
set(RESNET_FT_LIBTORCH "" CACHE PATH "Folder of LibTorch with include/ and lib/")
if(NOT EXISTS "${RESNET_FT_LIBTORCH}/include/torch/csrc/api/include/torch/torch.h")
  message(FATAL_ERROR "RESNET_FT_LIBTORCH ('${RESNET_FT_LIBTORCH}') has no include/torch/csrc/api/include/torch/torch.h; "
                      "run 'npm run build:native', which finds LibTorch")
endif()

add_library(resnet_ft_libtorch INTERFACE)
target_include_directories(resnet_ft_libtorch SYSTEM INTERFACE
  "${RESNET_FT_LIBTORCH}/include" "${RESNET_FT_LIBTORCH}/include/torch/csrc/api/include")
# Not `torch`, an empty library that opens these and those of CUDA: the core works without it.
foreach(library c10 torch_cpu)
  # Looked up anew each time, so that another RESNET_FT_LIBTORCH in the same build folder is not answered from the cache.
  unset(RESNET_FT_LIB_${library} CACHE)
  find_library(RESNET_FT_LIB_${library} ${library} PATHS "${RESNET_FT_LIBTORCH}/lib" NO_DEFAULT_PATH REQUIRED)
  target_link_libraries(resnet_ft_libtorch INTERFACE "${RESNET_FT_LIB_${library}}")
endforeach()
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
  target_compile_definitions(resnet_ft_libtorch INTERFACE _GLIBCXX_USE_CXX11_ABI=1)
  # libtorch_cpu.so brings its own libgomp; the linker need not resolve the libraries of libraries.
  target_link_options(resnet_ft_libtorch INTERFACE -Wl,--allow-shlib-undefined)
endif()
