// Package gitrepo reads desired state from a git repository and commits the
// report back to it, without a working tree and, but for local paths, without
// the git binary.
//
// A [Repo] asks as little as it can. Tip is one request. Fetch brings the
// commit and the folders of a branch's tip, without any file; Files then brings
// exactly the files that are wanted. Servers that cannot leave files out, or
// hand out single ones, are asked for the whole tip instead. History is fetched
// for two questions only. One is Trail's: who signed what, since? The other: does
// the tip descend from the commit seen last? The server is told "I have that one", so it sends the commits between the two
// and nothing else, some 150 bytes for each. It answers that it does not know the commit when the branch
// was rewritten, and then nothing is read at all.
//
// Commit rebuilds only the folders that change and pushes them with the old tip
// as the condition. When somebody else was faster it starts again from theirs;
// it never forces. The server's report is checked, and the branch read back,
// because an answer may be lost or empty on its way.
//
// What has been fetched is kept in memory, and with Config.Dir also as packs in
// that folder, to be read in again at the next start. A pack that is damaged or
// missing costs a fetch, nothing else: the folder is emptied and filled anew.
//
// Whoever may push to the repository is not trusted with more than the text of
// the files. Names that are dangerous on some file system, symbolic links,
// submodules, oversized files and pointers of git-lfs are told apart file by
// file; the walk over folders and the size of what is unpacked are bounded.
package gitrepo
