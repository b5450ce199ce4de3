package org.llava4j.model.convert;

import java.nio.file.Path;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.cli.Command;
import org.llava4j.model.folder.Delta;

/** Command {@code apply-delta}, with the flags of LLaVA's script of that name. */
public final class ApplyDeltaMain extends Command {
    private ApplyDeltaMain() {
        super("apply-delta", "Applies a delta to the LLaMA it was made for and writes the LLaVA.");
    }

    public static void main(String[] args) {
        new ApplyDeltaMain().execute(args);
    }

    @Override
    protected Options options() {
        return FolderFlags.addFormatFlags(new Options()
                .addOption(required("base-model-path", "DIR", "the LLaMA"))
                .addOption(required("delta-path", "DIR", "the delta"))
                .addOption(required("target-model-path", "DIR", "output folder: new, empty, or a previous output")));
    }

    @Override
    protected void run(CommandLine line) {
        Delta delta = new Delta(path(line, "base-model-path"), FolderFlags.type(line), FolderFlags.shardBytes(line));
        Path output = path(line, "target-model-path");
        if (!delta.apply(path(line, "delta-path"), output)) {
            System.out.println("the delta does not record its base model: only names and shapes were checked");
        }
        System.out.println("wrote " + output);
    }
}
