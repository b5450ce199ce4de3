package org.llava4j.data;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The files and folders that a command reads. No output may be one of them, hold one or lie inside one: outputs are replaced,
 * and what is replaced is gone. Paths are compared as the file system resolves them.
 */
public final class InputPaths {
    /** A model folder may keep its tower in a folder, and either may consist of links into a cache. */
    private static final int LINK_DEPTH = 2;

    private static final String ADVICE = "; choose another output, so that nothing is lost";

    /**
     * @param given as the user named it
     * @param real as the file system resolves it
     * @param linked whether a symbolic link in a folder leads there: only a part of it may be read
     */
    private record Input(Path given, Path real, boolean linked) {}

    private final List<Input> inputs;

    private InputPaths(List<Input> inputs) {
        this.inputs = inputs;
    }

    /** @param paths of files and folders, and of what symbolic links in the folders lead to; null for none */
    public static InputPaths of(Path... paths) {
        return new InputPaths(List.of()).and(paths);
    }

    /** These and more. */
    public InputPaths and(Path... paths) {
        List<Input> more = new ArrayList<>(inputs);
        for (Path path : paths) {
            if (path != null) {
                add(path, path, false, more);
                addLinked(path, path, LINK_DEPTH, more);
            }
        }
        return new InputPaths(List.copyOf(more));
    }

    /** These and folders of so many files that they are not searched for symbolic links: pictures. */
    public InputPaths andWithoutLinks(Path... folders) {
        List<Input> more = new ArrayList<>(inputs);
        for (Path folder : folders) {
            if (folder != null) {
                add(folder, folder, false, more);
            }
        }
        return new InputPaths(List.copyOf(more));
    }

    /** These and the file that a value {@code NAME|FILE} names, if it ends in {@code .json}; null for none. */
    public InputPaths andIfJsonFile(String nameOrFile) {
        return nameOrFile != null && nameOrFile.endsWith(".json") ? and(Path.of(nameOrFile)) : this;
    }

    private static void add(Path given, Path path, boolean linked, List<Input> inputs) {
        if (Files.exists(path)) {
            inputs.add(new Input(given, RealPath.of(path), linked));
        }
    }

    /** Folders that cannot be listed are left to the reader, which may need nothing of them. */
    private static void addLinked(Path given, Path folder, int depth, List<Input> inputs) {
        File[] content = folder.toFile().listFiles();
        for (File file : content == null ? new File[0] : content) {
            Path path = file.toPath();
            if (Files.isSymbolicLink(path)) {
                add(given, path, true, inputs);
            } else if (depth > 1 && file.isDirectory()) {
                addLinked(given, path, depth - 1, inputs);
            }
        }
    }

    private static BadInputException unreadable(Path folder, IOException e) {
        return new BadInputException(folder + " cannot be read (" + IoReason.of(e) + ")", e);
    }

    /**
     * Refuses outputs that would overwrite an input, before any work is done.
     *
     * @param outputs files and folders; null for none
     * @throws BadInputException if one of them is an input, holds one or lies inside one, or is a link that leads nowhere
     */
    public void requireNoOverlap(Path... outputs) {
        for (Path output : outputs) {
            if (output != null) {
                requireNoOverlap(output);
            }
        }
    }

    private void requireNoOverlap(Path output) {
        Path real = RealPath.of(output);
        for (Input input : inputs) {
            try {
                boolean inside = RealPath.isAtOrInside(real, input.real);
                boolean holds = RealPath.isAtOrInside(input.real, real);
                if (inside && holds) {
                    throw new BadInputException(
                            "the output " + output + " is one that is read" + as(output, input) + ADVICE);
                }
                if (holds || inside && !input.linked) {
                    throw new BadInputException("the output " + output + (holds ? " holds " : " lies inside ")
                            + input.given + ", which is read" + ADVICE);
                }
            } catch (IOException e) {
                throw unreadable(input.given, e);
            }
        }
    }

    private static String as(Path output, Input input) {
        return output.equals(input.given) ? "" : " (" + input.given + ")";
    }

    /**
     * Refuses a folder that a run writes beside its output, but inside it.
     *
     * @param flag by which the user names the folder
     * @param folder null for none
     * @throws BadInputException if it is the output or lies inside it
     */
    public static void requireOutside(String flag, Path folder, Path output) {
        try {
            if (folder != null && RealPath.isAtOrInside(RealPath.of(folder), RealPath.of(output))) {
                throw new BadInputException(flag + " " + folder + " is the output " + output
                        + " or lies inside it, which is replaced as a whole; choose a place outside of it");
            }
        } catch (IOException e) {
            throw unreadable(folder, e);
        }
    }
}
