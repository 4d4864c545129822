// Removing a folder with all that lies in it, for rm() (runtime-api 7.8). Goes by descriptors: what lies in the folder
// is removed there and nowhere else, even when someone puts a link in the place of a folder meanwhile. Of any depth,
// with few descriptors and no recursion. Not for: arguments and errors of scripts (file_trees.cpp). Any process.
#pragma once

#include <string>

namespace ravelin::worker {

// Removes the folder at `path`, which is no link and ends in no slash. Returns 0, or the errno with the path that it is
// about in `failed_on`; what was removed by then stays so.
int remove_tree(const std::string& path, std::string& failed_on);

}  // namespace ravelin::worker
