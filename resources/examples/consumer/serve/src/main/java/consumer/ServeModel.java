package consumer;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.server.ChatServer;
import org.llava4j.server.ServerOptions;

/** Checks that a program with the server's artifact alone serves a model. */
public final class ServeModel {
    private ServeModel() {}

    /** @param args the checkout */
    public static void main(String[] args) throws Exception {
        ServerOptions options =
                ServerOptions.builder().modelId("tiny").port(0).maxNewTokens(4).build();
        try (LlavaModel model = LlavaModel.load(Path.of(args[0], "resources/tiny/llava"));
                ChatServer server = new ChatServer(model, options).start()) {
            URI chat = server.address().resolve("/v1/chat/completions");
            String question = "{\"model\": \"tiny\", \"messages\": [{\"role\": \"user\", \"content\": \"Is it?\"}]}";
            HttpRequest request = HttpRequest.newBuilder(chat)
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(question))
                    .build();
            String answer =
                    HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body();
            if (!answer.contains("\"completion_tokens\":")) {
                throw new IllegalStateException("the server answers " + answer);
            }
            server.stop(Duration.ofSeconds(10));
            System.out.println("consumer: the server answers");
        }
    }
}
