package org.llava4j.model.convert;

import java.nio.file.Path;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.cli.Command;
import org.llava4j.cli.VisionTowerFlags;
import org.llava4j.data.BadInputException;
import org.llava4j.model.folder.CheckpointWriter.WriteOptions;
import org.llava4j.model.folder.Export;
import org.llava4j.model.folder.GgufExport;
import org.llava4j.model.weights.CheckpointLayout;

/** Command {@code export}: rewrites a model folder in another layout, or as GGUF files. */
public final class ExportMain extends Command {
    private static final String LAYOUT = "layout";
    private static final String GGUF = "gguf";

    private ExportMain() {
        super(
                "export",
                "Rewrites a LLaVA with another layout, dtype, shard size or projector, or a LLaVA or LLaMA as GGUF files.");
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
                .addOption(flag(LAYOUT, "NAME", "llava (default), llava-hf, or gguf (files for llama.cpp)"))
                .addOption(flag("conv-mode", "NAME", "conversation template, if the folder does not name one"))
                .addOption(toggle("only-projector", "write only mm_projector.safetensors")));
    }

    @Override
    protected void run(CommandLine line) {
        Path output = path(line, "output-dir");
        if (line.getOptionValue(LAYOUT, "").equals(GGUF)) {
            FolderFlags.rejectWith(LAYOUT + " " + GGUF, line, "conv-mode", "only-projector", "max-shard-size");
            new GgufExport(
                            path(line, "model-path"),
                            VisionTowerFlags.path(line),
                            optionalPath(line, "pretrain-mm-mlp-adapter"),
                            FolderFlags.ggufType(line),
                            FolderFlags.overflow(line),
                            System.out::println)
                    .writeTo(output);
        } else {
            writeFolder(line, output);
        }
        System.out.println("wrote " + output);
    }

    private static void writeFolder(CommandLine line, Path output) {
        Export export = new Export(
                path(line, "model-path"),
                VisionTowerFlags.path(line),
                optionalPath(line, "pretrain-mm-mlp-adapter"),
                new WriteOptions(
                        layout(line.getOptionValue(LAYOUT, "llava")),
                        FolderFlags.shardBytes(line),
                        FolderFlags.quantization(line)),
                FolderFlags.typeOrQuantization(line),
                line.getOptionValue("conv-mode"));
        if (line.hasOption("only-projector")) {
            FolderFlags.rejectWith(
                    "only-projector", line, LAYOUT, "conv-mode", "save-type", "allow-overflow", "max-shard-size");
            export.writeProjectorTo(output);
        } else {
            export.writeTo(output);
        }
    }

    private static CheckpointLayout layout(String name) {
        return switch (name) {
            case "llava" -> CheckpointLayout.LLAVA;
            case "llava-hf" -> CheckpointLayout.LLAVA_HF;
            default -> throw new BadInputException("--layout " + name + " is not known; use llava, llava-hf or gguf");
        };
    }
}
