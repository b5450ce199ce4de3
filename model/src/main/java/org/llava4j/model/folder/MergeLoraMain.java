package org.llava4j.model.folder;

import java.nio.file.Path;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.cli.Command;

/** {@code exec:java@merge-lora}, with the flags of LLaVA's own script. */
public final class MergeLoraMain extends Command {
    private MergeLoraMain() {
        super("merge-lora", "Adds a LoRA adapter to the model it was trained on and writes the LLaVA.");
    }

    public static void main(String[] args) {
        new MergeLoraMain().execute(args);
    }

    @Override
    protected Options options() {
        return FolderFlags.addOutputFlags(new Options()
                .addOption(required("model-base", "DIR", "the LLaVA or LLaMA it was trained on"))
                .addOption(required("model-path", "DIR", "the adapter, PEFT's, LLaVA's or ours"))
                .addOption(flag("vision-tower", "DIR", "the CLIP folder, if no config.json names a local one")));
    }

    @Override
    protected void run(CommandLine line) {
        Path output = path(line, "output-dir");
        LoraMerge merge = new LoraMerge(
                path(line, "model-base"),
                path(line, "model-path"),
                path(line, "vision-tower"),
                FolderFlags.type(line),
                FolderFlags.shardBytes(line));
        if (!merge.writeTo(output)) {
            System.out.println(
                    "the adapter does not say which base it was trained on: only names and shapes were" + " compared");
        }
        System.out.println("wrote " + output);
    }
}
