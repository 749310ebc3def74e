// Follows beds-events from another language, with Kafka's own client and Jackson. Java 17, no build:
//   java -cp 'JARS/*' docs/examples/BedsEvents.java HOST:PORT docs/schemas/events
// Each event is read by the published schema of its type and printed as one line; unknown types are passed over.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.StringDeserializer;

public class BedsEvents {
  static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] arguments) throws IOException {
    Map<String, Object> settings = Map.of("bootstrap.servers", arguments[0], "group.id", "beds-events-in-java",
        "auto.offset.reset", "earliest", "enable.auto.commit", false, "allow.auto.create.topics", false);
    try (var kafka = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
      kafka.subscribe(List.of("beds-events"));
      while (true) {
        for (var record : kafka.poll(Duration.ofSeconds(1))) {
          var schema = Path.of(arguments[1], header(record, "ce_type") + ".schema.json");
          if (Files.exists(schema)) System.out.println(line(record, JSON.readTree(schema.toFile())));
        }
        kafka.commitSync();
      }
    }
  }

  /** The fields that the schema names, in its order; others may come later and are nobody's business here. */
  static String line(ConsumerRecord<String, String> record, JsonNode schema) throws IOException {
    var event = JSON.readTree(record.value());
    var words = new StringJoiner(" ").add(header(record, "ce_type")).add(header(record, "ce_id"));
    for (var field : schema.get("required"))
      if (!event.has(field.asText())) return words.add("lacks " + field.asText()).toString();
    schema.get("properties").fieldNames().forEachRemaining(name -> words.add(name + "=" + event.path(name).asText()));
    return words.toString();
  }

  static String header(ConsumerRecord<String, String> record, String name) {
    var header = record.headers().lastHeader(name);
    return header == null ? "" : new String(header.value());
  }
}
