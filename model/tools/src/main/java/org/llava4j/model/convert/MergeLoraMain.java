package org.llava4j.model.convert;

import java.nio.file.Path;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.cli.Command;
import org.llava4j.model.folder.LoraMerge;

/** Command {@code merge-lora}, with the flags of LLaVA's script of that name. */
public final class MergeLoraMain extends Command {
    private MergeLoraMain() {
        super("merge-lora", "Merges a LoRA adapter into the model it was trained on and writes the LLaVA.");
    }

    public static void main(String[] args) {
        new MergeLoraMain().execute(args);
    }

    @Override
    protected Options options() {
        return FolderFlags.addOutputFlags(new Options()
                .addOption(required("model-base", "DIR", "the LLaVA or LLaMA it was trained on"))
                .addOption(required("model-path", "DIR", "the adapter, written by PEFT, LLaVA or LLaVA4J"))
                .addOption(flag("vision-tower", "DIR", "the CLIP folder, if no config.json names a local one")));
    }

    @Override
    protected void run(CommandLine line) {
        Path output = path(line, "output-dir");
        LoraMerge merge = new LoraMerge(
                path(line, "model-base"),
                path(line, "model-path"),
                optionalPath(line, "vision-tower"),
                FolderFlags.type(line),
                FolderFlags.shardBytes(line));
        if (!merge.writeTo(output)) {
            System.out.println("the adapter does not record its base model: only names and shapes were checked");
        }
        System.out.println("wrote " + output);
    }
}
