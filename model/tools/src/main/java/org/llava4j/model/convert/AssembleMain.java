package org.llava4j.model.convert;

import java.nio.file.Path;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.cli.Command;
import org.llava4j.data.BadInputException;
import org.llava4j.data.image.AspectRatio;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.config.LlavaConfig.SelectFeature;
import org.llava4j.model.folder.Assembly;
import org.llava4j.model.folder.Assembly.AddedImageTokens;
import org.llava4j.model.folder.Assembly.FeatureOptions;
import org.llava4j.model.folder.Assembly.ProjectorOptions;

/** Command {@code assemble}: builds a LLaVA from a LLaMA, a CLIP and a projector. */
public final class AssembleMain extends Command {
    private static final int MAX_LENGTH = 2048;

    private AssembleMain() {
        super(
                "assemble",
                "Assembles a LLaVA from a LLaMA or Vicuna, a CLIP and a projector, newly initialized or from a file.");
    }

    public static void main(String[] args) {
        new AssembleMain().execute(args);
    }

    @Override
    protected Options options() {
        return FolderFlags.addOutputFlags(new Options()
                .addOption(required("model-path", "DIR", "the LLaMA or Vicuna folder"))
                .addOption(required("vision-tower", "DIR", "the CLIP folder"))
                .addOption(flag("pretrain-mm-mlp-adapter", "FILE", "projector file; newly initialized if not given"))
                .addOption(flag("seed", "N", "seed of a new projector (default 42)"))
                .addOption(flag("mm-projector-type", "TYPE", "linear (default) or mlp2x_gelu"))
                .addOption(flag("mm-vision-select-layer", "N", "hidden state used as image features (default -2)"))
                .addOption(flag("mm-vision-select-feature", "NAME", "patch (default) or cls_patch"))
                .addOption(flag("image-aspect-ratio", "NAME", "square (default) or pad"))
                .addOption(flag("model-max-length", "N", "context length in tokens (default 2048)"))
                .addOption(toggle("mm-use-im-start-end", "add the tokens <im_start> and <im_end>"))
                .addOption(toggle("mm-use-im-patch-token", "add <im_patch> before them, as the paper's models do")));
    }

    @Override
    protected void run(CommandLine line) {
        Path output = path(line, "output-dir");
        if (line.hasOption("pretrain-mm-mlp-adapter")) {
            FolderFlags.rejectWith("pretrain-mm-mlp-adapter", line, "seed");
        }
        new Assembly(
                        path(line, "model-path"),
                        path(line, "vision-tower"),
                        new ProjectorOptions(
                                ProjectorType.fromName(line.getOptionValue("mm-projector-type", "linear")),
                                optionalPath(line, "pretrain-mm-mlp-adapter"),
                                integer(line, "seed", 42)),
                        new FeatureOptions(
                                integer(line, "mm-vision-select-layer", -2),
                                SelectFeature.fromName(line.getOptionValue("mm-vision-select-feature", "patch")),
                                AspectRatio.fromName(line.getOptionValue("image-aspect-ratio", "square"))
                                        == AspectRatio.PAD),
                        addedTokens(line),
                        atLeast(1, line, "model-max-length", MAX_LENGTH),
                        FolderFlags.type(line),
                        FolderFlags.shardBytes(line))
                .writeTo(output);
        System.out.println("wrote " + output);
    }

    private static AddedImageTokens addedTokens(CommandLine line) {
        boolean around = line.hasOption("mm-use-im-start-end");
        if (line.hasOption("mm-use-im-patch-token")) {
            if (!around) {
                throw new BadInputException(
                        "--mm-use-im-patch-token has no effect without --mm-use-im-start-end;" + " give both");
            }
            return AddedImageTokens.PATCH_START_END;
        }
        return around ? AddedImageTokens.START_END : AddedImageTokens.NONE;
    }
}
