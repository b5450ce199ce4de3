package org.llava4j.train.tiny;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.BadInputException;
import org.llava4j.data.cli.Command;
import org.llava4j.data.conversation.ConversationTemplate;
import org.llava4j.data.conversation.ConversationTemplates;
import org.llava4j.data.tensors.SafetensorsWriter;
import org.llava4j.data.tensors.TensorType;
import org.llava4j.data.text.BpeTrainer;
import org.llava4j.data.text.LlamaTokenizer;
import org.llava4j.data.text.SentencePieceWriter;
import org.llava4j.data.world.TextCorpus;
import org.llava4j.data.world.WorldPlan;
import org.llava4j.data.world.WorldWriter;
import org.llava4j.model.Llava;
import org.nd4j.linalg.api.ndarray.INDArray;

/** {@code exec:java@tiny-base}: makes the base that the demo starts from, {@code resources/tiny/base}, anew. */
public final class TinyBaseMain extends Command {
    private static final int CORPUS_FOR_VOCABULARY = 20_000;

    private TinyBaseMain() {
        super(
                "tiny-base",
                "Makes the tiny base of the demo: a tokenizer, a tower that has seen drawn pictures with labels, a"
                        + " decoder that has read text.");
    }

    public static void main(String[] args) {
        new TinyBaseMain().execute(args);
    }

    @Override
    protected Options options() {
        return new Options()
                .addOption(required("output-dir", "DIR", "a new folder for the base"))
                .addOption(required("template", "FILE", "the conversation template of the demo"))
                .addOption(flag("seed", "N", "of everything (default 1)"))
                .addOption(flag("pictures", "N", "drawn for the tower (default 24000)"))
                .addOption(flag("tower-steps", "N", "steps of the tower (default 9000)"))
                .addOption(flag("decoder-steps", "N", "steps of the decoder (default 3000)"));
    }

    @Override
    protected void run(CommandLine line) {
        Path output = path(line, "output-dir");
        if (Files.exists(output)) {
            throw new BadInputException(output + " exists; name a new folder for the base");
        }
        ConversationTemplate template = ConversationTemplates.load(path(line, "template"));
        long seed = integer(line, "seed", 1);
        try {
            Path work = Files.createDirectories(output.resolveSibling(output.getFileName() + ".work"));
            Path tokenizerFile = work.resolve("tokenizer.model");
            Files.write(
                    tokenizerFile,
                    SentencePieceWriter.bytes(
                            BpeTrainer.train(TextCorpus.texts(seed, CORPUS_FOR_VOCABULARY), TinySizes.VOCABULARY)));
            LlamaTokenizer tokenizer = LlamaTokenizer.load(tokenizerFile);
            makeTower(work, tokenizer, seed, line);
            Llava decoder = TinyDecoder.train(tokenizer, template, seed, integer(line, "decoder-steps", 3000));
            SafetensorsWriter.write(work.resolve("model.safetensors"), weights(decoder, ""), name -> TensorType.F16);
            Files.writeString(work.resolve("config.json"), TinyConfigs.model(template));
            Files.move(work, output);
            System.out.println("wrote " + output);
        } catch (IOException e) {
            throw new BadInputException(output + ": cannot be written (" + e.getMessage() + ")", e);
        }
    }

    private static void makeTower(Path work, LlamaTokenizer tokenizer, long seed, CommandLine line) throws IOException {
        Path tower = Files.createDirectories(work.resolve("vision_tower"));
        if (Files.exists(tower.resolve("model.safetensors"))) {
            System.out.println("taking the tower that is in " + tower);
            return;
        }
        Path world = work.resolveSibling(work.getFileName() + ".pictures");
        if (!Files.exists(world)) {
            WorldWriter.write(WorldPlan.labelled(seed, integer(line, "pictures", 24_000)), world);
        }
        Llava model = TinyTower.train(world, tokenizer, seed, integer(line, "tower-steps", 9000));
        Files.writeString(tower.resolve("config.json"), TinyConfigs.tower());
        Files.writeString(tower.resolve("preprocessor_config.json"), TinyConfigs.preprocessor());
        SafetensorsWriter.write(
                tower.resolve("model.safetensors"), weights(model, Llava.TOWER_PREFIX), name -> TensorType.F16);
    }

    private static Map<String, INDArray> weights(Llava model, String prefix) {
        Map<String, INDArray> weights = new LinkedHashMap<>();
        for (String name : model.weightNames()) {
            if (name.startsWith(prefix)) {
                weights.put(name.substring(prefix.length()), model.weight(name));
            }
        }
        return weights;
    }
}
