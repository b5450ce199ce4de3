package org.llava4j.model.convert;

import java.nio.file.Path;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.cli.Command;
import org.llava4j.cli.VisionTowerFlags;
import org.llava4j.data.BadInputException;
import org.llava4j.model.folder.CheckpointWriter.WriteOptions;
import org.llava4j.model.folder.Export;
import org.llava4j.model.weights.CheckpointLayout;

/** Command {@code export}: rewrites a model folder in either layout. */
public final class ExportMain extends Command {
    private ExportMain() {
        super("export", "Rewrites a LLaVA folder with another layout, dtype, shard size or projector.");
    }

    public static void main(String[] args) {
        new ExportMain().execute(args);
    }

    @Override
    protected Options options() {
        return FolderFlags.addQuantizingOutputFlags(VisionTowerFlags.addTo(
                        new Options(), "the CLIP folder, if config.json does not name a local one")
                .addOption(required("model-path", "DIR|FILE", "LLaVA folder of any layout, or GGUF file of a decoder"))
                .addOption(flag("pretrain-mm-mlp-adapter", "FILE", "projector file (the result of stage 1)"))
                .addOption(flag("layout", "NAME", "llava (default) or llava-hf"))
                .addOption(flag("conv-mode", "NAME", "conversation template, if the folder does not name one"))
                .addOption(toggle("only-projector", "write only mm_projector.safetensors")));
    }

    @Override
    protected void run(CommandLine line) {
        Export export = new Export(
                path(line, "model-path"),
                VisionTowerFlags.path(line),
                optionalPath(line, "pretrain-mm-mlp-adapter"),
                new WriteOptions(
                        layout(line.getOptionValue("layout", "llava")),
                        FolderFlags.shardBytes(line),
                        FolderFlags.quantization(line)),
                FolderFlags.typeOrQuantization(line),
                line.getOptionValue("conv-mode"));
        Path output = path(line, "output-dir");
        if (line.hasOption("only-projector")) {
            FolderFlags.rejectWith(
                    "only-projector", line, "layout", "conv-mode", "save-type", "allow-overflow", "max-shard-size");
            export.writeProjectorTo(output);
        } else {
            export.writeTo(output);
        }
        System.out.println("wrote " + output);
    }

    private static CheckpointLayout layout(String name) {
        return switch (name) {
            case "llava" -> CheckpointLayout.LLAVA;
            case "llava-hf" -> CheckpointLayout.LLAVA_HF;
            default -> throw new BadInputException("--layout " + name + " is not known; use llava or llava-hf");
        };
    }
}
