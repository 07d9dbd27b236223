{
  "targets": [
    {
      "target_name": "resnet_ft",
      "type": "none",
      "actions": [
        {
          "action_name": "build_native",
          "message": "building with cmake-js",
          "inputs": ["CMakeLists.txt", "scripts/build-native.js"],
          "outputs": ["build/Release/resnet_ft.node"],
          "action": ["node", "scripts/build-native.js"]
        }
      ]
    }
  ]
}
