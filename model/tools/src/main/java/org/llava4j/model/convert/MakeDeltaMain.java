package org.llava4j.model.convert;

import java.nio.file.Path;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.cli.Command;
import org.llava4j.model.folder.Delta;

/** Command {@code make-delta}, with the flags of LLaVA's script of that name. */
public final class MakeDeltaMain extends Command {
    private MakeDeltaMain() {
        super("make-delta", "Writes a LLaVA minus the LLaMA it was trained from, as a delta.");
    }

    public static void main(String[] args) {
        new MakeDeltaMain().execute(args);
    }

    @Override
    protected Options options() {
        return FolderFlags.addFormatFlags(new Options()
                .addOption(required("base-model-path", "DIR", "the LLaMA"))
                .addOption(required("target-model-path", "DIR", "the LLaVA that was trained from it"))
                .addOption(required("delta-path", "DIR", "output folder: new, empty, or a previous delta")));
    }

    @Override
    protected void run(CommandLine line) {
        Delta delta = new Delta(path(line, "base-model-path"), FolderFlags.type(line), FolderFlags.shardBytes(line));
        Path output = path(line, "delta-path");
        delta.make(path(line, "target-model-path"), output);
        System.out.println("wrote " + output);
    }
}
