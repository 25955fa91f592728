// SPDX-License-Identifier: GPL-2.0-only
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** GET by java.net.Socket and by a channel; Java's sockets are AF_INET6. */
class Fetch {
	static final byte[] REQUEST =
		"GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

	/** Is there an AF_INET6 socket with this local port? */
	static boolean inet6(int port) throws Exception {
		String text = String.format(":%04X ", port);
		return Files.readString(Path.of("/proc/self/net/tcp6")).contains(text);
	}

	static void print(Object peer, int port, byte[] answer) throws Exception {
		String body = new String(answer, StandardCharsets.US_ASCII);
		System.out.println(peer + " AF_INET6 " + inet6(port));
		System.out.print(body.substring(body.indexOf("\r\n\r\n") + 4));
	}

	static void socket(InetSocketAddress address, int timeout) throws Exception {
		try (Socket socket = new Socket()) {
			socket.connect(address, timeout);
			socket.getOutputStream().write(REQUEST);
			InputStream in = socket.getInputStream();
			byte[] answer = in.readAllBytes();
			print(socket.getRemoteSocketAddress(), socket.getLocalPort(),
			      answer);
		}
	}

	static void channel(InetSocketAddress address) throws Exception {
		try (Selector selector = Selector.open();
		     SocketChannel channel = SocketChannel.open()) {
			channel.configureBlocking(false);
			System.out.println(channel.connect(address));
			SelectionKey key =
				channel.register(selector, SelectionKey.OP_CONNECT);
			selector.select();
			System.out.println(channel.finishConnect());
			key.cancel();
			selector.selectNow();
			channel.configureBlocking(true);
			channel.write(ByteBuffer.wrap(REQUEST));
			byte[] answer = channel.socket().getInputStream().readAllBytes();
			print(channel.getRemoteAddress(), channel.socket().getLocalPort(),
			      answer);
		}
	}

	public static void main(String[] args) throws Exception {
		InetSocketAddress address = new InetSocketAddress(args[0], 80);
		socket(address, 0);
		socket(address, 100_000);
		channel(address);
	}
}
